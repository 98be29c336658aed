import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { HostPaths } from "../paths.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { ensureSocketFolder } from "./socket-folder.ts";

/** Callers at once; the socket is one user's. */
const maxConnections = 256;

/** The listening socket. Disposing it ends every connection and removes the file. */
export interface SocketServer extends AsyncDisposable {
  /** Takes no more callers; those that are there go on. */
  stopListening(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens on the Unix socket, 0600. What an earlier daemon left at its place is removed, so the
 * caller must hold the state lock.
 */
export async function serveSocket(
  paths: HostPaths,
  context: ConnectionContext,
): Promise<SocketServer> {
  const path = paths.socket;
  ensureSocketFolder(paths);
  rmSync(path, { force: true });
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = new Connection(socket, context);
    connections.add(connection);
    socket.on("close", () => connections.delete(connection));
  });
  server.maxConnections = maxConnections;
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  server.on("error", (error) => context.logger.error("The socket failed", { error }));
  const stopListening = (): void => void (server.listening && server.close());
  return {
    stopListening,
    [Symbol.asyncDispose]: async () => {
      stopListening();
      for (const connection of connections) connection.close();
      await closed;
      rmSync(path, { force: true });
    },
  };
}
