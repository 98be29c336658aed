import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Handle } from "./handle.ts";
import type { Logger } from "./logger.ts";

/** What a caller shows of who it is. Never read from a URL. */
export type Credentials =
  | { readonly token: string }
  /** Its bearer token, or the cookie of a session that was opened with a one-time code. */
  | { readonly request: IncomingMessage };

/** What the host's HTTP server offers to one surface. */
export interface SurfaceHost {
  /**
   * Serves requests at this path and below it. Only those arrive whose Host and Origin are allowed; whom to let in is
   * for the handler to ask `authenticate`.
   *
   * @throws BridgeError NAME_DUPLICATE when the path is taken
   */
  serve(
    path: string,
    handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): void;
  /**
   * Takes over upgrades at exactly this path, under the same conditions.
   *
   * @throws BridgeError NAME_DUPLICATE when the path is taken
   */
  upgrade(
    path: string,
    handler: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ): void;
  /** The handle of whoever these credentials belong to; undefined for nobody. Compared in constant time. */
  authenticate(credentials: Credentials): Handle | undefined;
  /** Takes a one-time code. @returns the text of a `Set-Cookie` header; undefined when the code is not valid, or no longer */
  openSession(code: string): string | undefined;
  readonly logger: Logger;
}

/**
 * What a plugin serves over HTTP: a page, a socket, an API. Mounted once the bridge runs and only where HTTP is
 * on. What `mount` gives is disposed before the bridge stops, so that callers can still be told.
 */
export interface Surface {
  readonly name: string;
  /** The path of its page for people, where it has one: what `agent-bridge portal` opens. */
  readonly page?: string;
  mount(host: SurfaceHost): AsyncDisposable;
}

/** Declares a surface. Only types the data; nothing happens. */
export function defineSurface(surface: Surface): Surface {
  return surface;
}
