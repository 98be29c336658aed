import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BridgeError, describeError, type Logger } from "@agent-bridge/core";
import { hostGate, type HttpHandler, loopbackNames, refuse } from "@agent-bridge/mcp-server";
import type { HttpConfig } from "./http-config.ts";

/** Callers at once. */
const maxConnections = 256;

/** How long a caller may take to send its head, and its whole request. */
const headersMs = 10_000;
const requestMs = 30_000;

/** How long open answers may take to end when the server stops. */
const lastWordMs = 500;

/** The daemon's one HTTP server: what is served at a path is mounted on it. */
export interface HttpServer extends AsyncDisposable {
  /** Its address, with the port that it has got. */
  readonly url: string;
  /**
   * Serves what is at this path and below it. A handler gets only requests whose Host and Origin are allowed, and
   * lets in whom it lets in by itself. The longest path that fits wins.
   *
   * @returns what takes it away again
   */
  mount(path: string, handler: HttpHandler): Disposable;
  /** Takes no more callers; those that are there go on. */
  stopListening(): void;
}

function handlerFor(
  mounts: ReadonlyMap<string, HttpHandler>,
  { url = "/" }: IncomingMessage,
): HttpHandler | undefined {
  const path = url.split("?", 1)[0] ?? "/";
  const fitting = [...mounts.keys()].filter((at) => path === at || path.startsWith(`${at}/`));
  const longest = fitting.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : mounts.get(longest);
}

/**
 * Listens on a loopback address. Every request passes the gate first, whatever it asks for; upgrades are refused.
 *
 * @throws BridgeError CONFIG_INVALID when the address is taken
 */
export async function serveHttp(
  { host, port, hosts, origins }: HttpConfig,
  { logger, file }: { readonly logger: Logger; readonly file: string },
): Promise<HttpServer> {
  const mounts = new Map<string, HttpHandler>();
  const admit = hostGate({
    hosts: [...loopbackNames, ...hosts],
    origins: [...loopbackNames, ...origins],
    logger,
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!admit(request, response)) return;
    const handler = handlerFor(mounts, request);
    if (handler === undefined) refuse(response, "path");
    else await handler(request, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      logger.error("A request over HTTP failed unexpectedly", { error: describeError(error) });
      response.destroy();
    });
  });
  server.maxConnections = maxConnections;
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  server.on("upgrade", (_, socket) => socket.destroy());
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  }).catch((error: unknown) => {
    const detail = `http: ${host}:${port} can not be listened on (${describeError(error)}). Choose another port.`;
    throw new BridgeError("CONFIG_INVALID", { file, detail }, { cause: error });
  });
  server.on("error", (error) => logger.error("The HTTP server failed", { error }));
  const address = server.address() as AddressInfo;
  const stopListening = (): void => {
    if (server.listening) server.close();
    server.closeIdleConnections();
  };
  return {
    url: `http://${address.family === "IPv6" ? `[${host}]` : host}:${address.port}`,
    mount: (path, handler) => {
      if (mounts.has(path))
        throw new BridgeError("NAME_DUPLICATE", { what: "HTTP paths", name: path });
      mounts.set(path, handler);
      return { [Symbol.dispose]: () => void mounts.delete(path) };
    },
    stopListening,
    [Symbol.asyncDispose]: async () => {
      stopListening();
      const timer = setTimeout(() => server.closeAllConnections(), lastWordMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
