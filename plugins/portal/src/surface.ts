import type { IncomingMessage, ServerResponse } from "node:http";
import { defineSurface, parseJson, type PluginContext, type Surface } from "@agent-bridge/core";
import * as z from "zod";
import { pageFiles } from "./page-files.ts";
import { pagePath, sessionPath, socketPath } from "./paths.ts";
import type { PortalOptions } from "./plugin-options.ts";
import { portalLimits } from "./portal-session.ts";
import { PortalSockets } from "./portal-sockets.ts";
import { portalVersion } from "./version.ts";

/** The largest request for a session: it holds a code and nothing else. */
const sessionRequestBytes = 4 * 1024;

const sessionRequest = z.strictObject({ code: z.string().min(1).max(256) });

/** The portal over HTTP: its socket, its page, and the sessions of the page. */
export function portalSurface(
  { sockets: count }: PortalOptions,
  { clock, logger }: Pick<PluginContext, "clock" | "logger">,
): Surface {
  return defineSurface({
    name: "portal",
    page: `${pagePath}/`,
    mount: (host) => {
      const sockets = new PortalSockets({
        limits: portalLimits,
        sockets: count,
        version: portalVersion,
        clock,
        logger,
        authenticate: (token) => host.authenticate({ token }),
      });
      host.upgrade(socketPath, (request, socket, head) => {
        const hasCredentials =
          request.headers.authorization !== undefined || request.headers.cookie !== undefined;
        const handle = hasCredentials ? host.authenticate({ request }) : undefined;
        sockets.upgrade(request, { socket, head, handle });
      });
      host.serve(pagePath, pageFiles());
      host.serve(sessionPath, async (request, response) => {
        await openSession(request, response, (code) => host.openSession(code));
      });
      return sockets;
    },
  });
}

/** Exchanges a one-time code for the cookie of a session. */
async function openSession(
  request: IncomingMessage,
  response: ServerResponse,
  open: (code: string) => string | undefined,
): Promise<void> {
  const end = (status: number, headers: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { "cache-control": "no-store", ...headers }).end();
  };
  if (request.method !== "POST") return end(405, { allow: "POST" });
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) return end(415);
  const bytes = await bytesOf(request);
  if (bytes === undefined) return end(413, { connection: "close" });
  const code = codeIn(bytes);
  const cookie = code === undefined ? undefined : open(code);
  if (cookie === undefined) return end(403);
  end(204, { "set-cookie": cookie });
}

/** The body of a request; undefined for one that is too large. */
async function bytesOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > sessionRequestBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function codeIn(bytes: Uint8Array): string | undefined {
  try {
    return sessionRequest.safeParse(parseJson("The request", bytes, 4)).data?.code;
  } catch {
    // What is no JSON holds no code; the caller is answered like one with a wrong code.
    return undefined;
  }
}
