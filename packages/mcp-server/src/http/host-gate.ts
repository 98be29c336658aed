import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "@agent-bridge/core";
import { refuse, type RefusalReason } from "./refusal.ts";

/** The names of this machine, as they stand in a URL. */
export const loopbackNames: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Who may be called, and from which pages. */
export interface HostGateOptions {
  /** Names under which the server may be called, without a port. Default: those of this machine. */
  readonly hosts?: readonly string[];
  /** Names of the sites whose pages may call. Default: those of this machine. A client that is no browser names none. */
  readonly origins?: readonly string[];
  readonly logger: Logger;
}

function nameIn(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** The origins of web pages; `null`, and those of other schemes, are none. */
function siteOf(origin: string): string | undefined {
  return /^https?:\/\//i.test(origin) ? nameIn(origin) : undefined;
}

function problemOf(
  { headers }: IncomingMessage,
  hosts: readonly string[],
  origins: readonly string[],
): RefusalReason | undefined {
  const { host = "", origin } = headers;
  // Nothing but a name and a port: no user, path or query that a URL would hide in it.
  const name = /^[^/?#@\\\s]+$/.test(host) ? nameIn(`http://${host}`) : undefined;
  if (name === undefined || !hosts.includes(name)) return "host";
  if (origin === undefined) return undefined;
  const site = siteOf(origin);
  return site !== undefined && origins.includes(site) ? undefined : "origin";
}

/** Notes a refusal in the log: who, what, and why. Nothing that was sent as a secret is in it. */
export function noteRefusal(logger: Logger, request: IncomingMessage, reason: RefusalReason): void {
  const { method, url = "", headers, socket } = request;
  logger.warn("Denied", {
    who: socket.remoteAddress ?? "unknown",
    what: `HTTP ${method ?? ""} ${url.split("?", 1)[0]?.slice(0, 200) ?? ""}`,
    reason,
    ...(reason === "host" ? { host: headers.host?.slice(0, 200) } : {}),
    ...(reason === "origin" ? { origin: headers.origin?.slice(0, 200) } : {}),
  });
}

/** Looks at Host and Origin of a request. @returns why it is refused; undefined for one that may go on */
export function hostProblem(
  options: HostGateOptions,
): (request: IncomingMessage) => RefusalReason | undefined {
  const { hosts = loopbackNames, origins = loopbackNames, logger } = options;
  return (request) => {
    const problem = problemOf(request, hosts, origins);
    if (problem !== undefined) noteRefusal(logger, request, problem);
    return problem;
  };
}

/**
 * Looks at Host and Origin of every request, whatever its method, before anything of it is read: a page that
 * has rebound its name to this machine, or calls across sites, gets no further.
 *
 * @returns a function that answers true for a request that may go on; others it has refused
 */
export function hostGate(
  options: HostGateOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const problemIn = hostProblem(options);
  return (request, response) => {
    const problem = problemIn(request);
    if (problem !== undefined) refuse(response, problem);
    return problem === undefined;
  };
}
