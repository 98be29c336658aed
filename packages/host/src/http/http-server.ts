import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { BridgeError, describeError, type Logger } from "@agent-bridge/core";
import {
  hostProblem,
  type HttpHandler,
  loopbackNames,
  refuse,
  refusals,
} from "@agent-bridge/mcp-server";
import type { HttpConfig } from "./http-config.ts";

/** Callers at once, those with a socket among them. */
const maxConnections = 4_096;

/** How long a caller may take to send its head, and its whole request. */
const headersMs = 10_000;
const requestMs = 30_000;

/** How long open answers may take to end when the server stops. */
const lastWordMs = 500;

/** Takes over the connection of an upgrade. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

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
  /**
   * Hands over upgrades at exactly this path, under the same conditions.
   *
   * @returns what takes it away again
   */
  mountUpgrade(path: string, handler: UpgradeHandler): Disposable;
  /** Takes no more callers; those that are there go on. */
  stopListening(): void;
}

const pathOf = ({ url = "/" }: IncomingMessage): string => url.split("?", 1)[0] ?? "/";

/** Refuses an upgrade: on a raw connection, since there is no response yet. */
function refuseUpgrade(socket: Duplex, reason: keyof typeof refusals): void {
  const { status, message } = refusals[reason];
  socket.end(`HTTP/1.1 ${status} ${message}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function upgradeTo(
  upgrades: ReadonlyMap<string, UpgradeHandler>,
  problemIn: ReturnType<typeof hostProblem>,
): UpgradeHandler {
  return (request, socket, head) => {
    // Until somebody takes it over nobody else listens, and an error without a listener ends the process.
    socket.on("error", () => socket.destroy());
    const handler = upgrades.get(pathOf(request));
    const problem = problemIn(request) ?? (handler === undefined ? "path" : undefined);
    if (handler === undefined || problem !== undefined) refuseUpgrade(socket, problem ?? "path");
    else handler(request, socket, head);
  };
}

function mountAt<T>(mounts: Map<string, T>, path: string, handler: T): Disposable {
  if (mounts.has(path)) throw new BridgeError("NAME_DUPLICATE", { what: "HTTP paths", name: path });
  mounts.set(path, handler);
  return { [Symbol.dispose]: () => void mounts.delete(path) };
}

function handlerFor(
  mounts: ReadonlyMap<string, HttpHandler>,
  request: IncomingMessage,
): HttpHandler | undefined {
  const path = pathOf(request);
  const fitting = [...mounts.keys()].filter((at) => path === at || path.startsWith(`${at}/`));
  const longest = fitting.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : mounts.get(longest);
}

/**
 * Listens on a loopback address. Every request and every upgrade passes the gate first, whatever it asks for.
 *
 * @throws BridgeError CONFIG_INVALID when the address is taken
 */
export async function serveHttp(
  { host, port, hosts, origins }: HttpConfig,
  { logger, file }: { readonly logger: Logger; readonly file: string },
): Promise<HttpServer> {
  const mounts = new Map<string, HttpHandler>();
  const upgrades = new Map<string, UpgradeHandler>();
  const problemIn = hostProblem({
    hosts: [...loopbackNames, ...hosts],
    origins: [...loopbackNames, ...origins],
    logger,
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const problem = problemIn(request);
    if (problem !== undefined) return refuse(response, problem);
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
  server.on("upgrade", upgradeTo(upgrades, problemIn));
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
    mount: (path, handler) => mountAt(mounts, path, handler),
    mountUpgrade: (path, handler) => mountAt(upgrades, path, handler),
    stopListening,
    [Symbol.asyncDispose]: async () => {
      stopListening();
      const timer = setTimeout(() => server.closeAllConnections(), lastWordMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
