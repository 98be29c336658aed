import type { IncomingMessage } from "node:http";
import {
  type Bridge,
  type Credentials,
  describeError,
  type Handle,
  type Logger,
  type Principal,
  type Surface,
} from "@agent-bridge/core";
import { noteRefusal } from "@agent-bridge/mcp-server";
import type { HttpServer } from "./http-server.ts";
import type { WebSessions } from "./web-sessions.ts";

/** What surfaces are mounted on. */
export interface SurfaceServing {
  readonly surfaces: readonly Surface[];
  readonly server: HttpServer;
  readonly bridge: Bridge;
  readonly sessions: WebSessions;
  /** Whose a bearer token is; undefined for one that is nobody's. */
  readonly authenticate: (token: string) => Principal | undefined;
  readonly logger: Logger;
}

/** The token of a request; only ever in its header. */
function tokenOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(headers.authorization ?? "")?.[1];
}

/** A cookie counts only where a page of an allowed site sends it: a browser names the site in what is no plain visit. */
function cookiesOf({ headers, method }: IncomingMessage): string | undefined {
  const isVisit = method === "GET" && headers.upgrade === undefined;
  return isVisit || headers.origin !== undefined ? headers.cookie : undefined;
}

function principalOf(
  credentials: Credentials,
  { sessions, authenticate }: SurfaceServing,
): Principal | undefined {
  if ("token" in credentials) return authenticate(credentials.token);
  const token = tokenOf(credentials.request);
  if (token !== undefined) return authenticate(token);
  return sessions.isKnown(cookiesOf(credentials.request)) ? { type: "operator" } : undefined;
}

/**
 * Mounts surfaces, one after another; what one of them serves goes with it. One that throws is told and left out:
 * the others, and the bridge, do without it.
 */
export function mountSurfaces(serving: SurfaceServing): AsyncDisposable {
  const { surfaces, server, bridge, sessions, logger } = serving;
  const mounted = new AsyncDisposableStack();
  for (const surface of surfaces) {
    const own = new AsyncDisposableStack();
    const authenticate = (credentials: Credentials): Handle | undefined => {
      const principal = principalOf(credentials, serving);
      if (principal !== undefined) return bridge.as(principal);
      if ("request" in credentials) noteRefusal(logger, credentials.request, "token");
      else logger.warn("Denied", { who: surface.name, what: "a key", reason: "token" });
      return undefined;
    };
    try {
      own.use(
        surface.mount({
          serve: (path, handler) => void own.use(server.mount(path, handler)),
          upgrade: (path, handler) => void own.use(server.mountUpgrade(path, handler)),
          authenticate,
          openSession: (code) => sessions.open(code),
          logger,
        }),
      );
      mounted.use(own);
      logger.info("A surface is served", { surface: surface.name, url: server.url });
    } catch (error) {
      logger.error("A surface could not be mounted", {
        surface: surface.name,
        error: describeError(error),
      });
      own
        .disposeAsync()
        .catch((left: unknown) =>
          logger.error("A surface did not end", { error: describeError(left) }),
        );
    }
  }
  return { [Symbol.asyncDispose]: async () => await mounted.disposeAsync() };
}
