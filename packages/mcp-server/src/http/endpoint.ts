import type { IncomingMessage, ServerResponse } from "node:http";
import { describeError, type Logger, ownerOf, type Principal } from "@agent-bridge/core";
import type { Mcp } from "../adapter.ts";
import { hostGate, type HostGateOptions, noteRefusal } from "./host-gate.ts";
import { bodyProblem, readBody } from "./read-body.ts";
import { refuse, type RefusalReason } from "./refusal.ts";
import { webRequest, writeWebResponse } from "./web-exchange.ts";

/** Requests that one principal may have open at once. */
const maxOpen = 128;

/** Whose a bearer token is; undefined for one that is nobody's. */
export type Authenticate = (
  token: string,
) => Principal | undefined | Promise<Principal | undefined>;

export interface EndpointOptions {
  readonly mcp: Pick<Mcp, "fetch">;
  readonly authenticate: Authenticate;
  readonly logger: Logger;
}

/** Answers one request, and resolves when that is done. Never rejects. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The token of a request; only ever in its header. */
function tokenOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(headers.authorization ?? "")?.[1];
}

/** How many requests each principal has open. */
class OpenRequests {
  readonly #counts = new Map<string, number>();

  /** @returns undefined when it has too many */
  begin(owner: string): Disposable | undefined {
    const count = this.#counts.get(owner) ?? 0;
    if (count >= maxOpen) return undefined;
    this.#counts.set(owner, count + 1);
    return { [Symbol.dispose]: () => this.#end(owner) };
  }

  #end(owner: string): void {
    const left = (this.#counts.get(owner) ?? 1) - 1;
    if (left === 0) this.#counts.delete(owner);
    else this.#counts.set(owner, left);
  }
}

/**
 * Serves Streamable HTTP at one place, behind a {@link hostGate}. In this order: the token, method and type and
 * length, how many are open, the body. A client that goes away aborts what it waited for, and nothing else.
 */
export function mcpEndpoint({ mcp, authenticate, logger }: EndpointOptions): HttpHandler {
  const open = new OpenRequests();

  const answer: HttpHandler = async (request, response) => {
    const denied = (reason: RefusalReason): void => {
      noteRefusal(logger, request, reason);
      refuse(response, reason);
    };
    const token = tokenOf(request);
    const principal = token === undefined ? undefined : await authenticate(token);
    if (principal === undefined) return denied("token");
    const problem = bodyProblem(request);
    if (problem !== undefined) return refuse(response, problem);
    using slot = open.begin(ownerOf(principal));
    if (slot === undefined) return denied("busy");
    const abort = new AbortController();
    response.once("close", () => abort.abort(new Error("The client has gone.")));
    const read = await readBody(request);
    if ("refused" in read) return refuse(response, read.refused);
    const web = webRequest(request, abort.signal);
    await writeWebResponse(response, await mcp.fetch(web, { principal, body: read.body }));
  };

  return async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      // Most often the client went away while it was read or answered.
      logger.debug("A request over HTTP broke off", { error: describeError(error) });
      response.destroy();
    }
  };
}

/** A whole listener for `node:http`: the gate, then the endpoint at every path. */
export function mcpListener(
  options: EndpointOptions & Omit<HostGateOptions, "logger">,
): HttpHandler {
  const admit = hostGate(options);
  const endpoint = mcpEndpoint(options);
  return async (request, response) => {
    if (admit(request, response)) await endpoint(request, response);
  };
}
