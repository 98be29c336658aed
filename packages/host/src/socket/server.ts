import { createServer } from "node:net";
import type { HostPaths } from "../paths.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { placeSocket } from "./socket-file.ts";

/** Callers at once; the socket is one user's. */
const maxConnections = 256;

/** The listening socket. Disposing it ends every connection and removes the file. */
export interface SocketServer extends AsyncDisposable {
  /** Callers that are connected now. */
  readonly connectionCount: number;
  /** Callers that have come since the start. */
  readonly callerCount: number;
  /** Takes no more callers; those that are there go on. */
  stopListening(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens on the Unix socket. The caller must hold the state lock.
 *
 * @throws BridgeError CONFIG_INVALID, STATE_LOCKED when something else has its place
 */
export async function serveSocket(
  paths: HostPaths,
  context: ConnectionContext,
): Promise<SocketServer> {
  const connections = new Set<Connection>();
  let callerCount = 0;
  const server = createServer((socket) => {
    const connection = new Connection(socket, context);
    connections.add(connection);
    callerCount++;
    socket.on("close", () => connections.delete(connection));
  });
  server.maxConnections = maxConnections;
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  const removeFile = await placeSocket(server, paths);
  server.on("error", (error) => context.logger.error("The socket failed", { error }));
  const stopListening = (): void => {
    if (!server.listening) return;
    removeFile();
    server.close();
  };
  return {
    get connectionCount() {
      return connections.size;
    },
    get callerCount() {
      return callerCount;
    },
    stopListening,
    [Symbol.asyncDispose]: async () => {
      stopListening();
      for (const connection of connections) connection.close();
      await closed;
    },
  };
}
