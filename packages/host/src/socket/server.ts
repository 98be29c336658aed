import { createServer } from "node:net";
import type { HostPaths } from "../paths.ts";
import { Caller, type CallerContext } from "./caller.ts";
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
export async function serveSocket(paths: HostPaths, context: CallerContext): Promise<SocketServer> {
  const callers = new Set<Caller>();
  let callerCount = 0;
  const server = createServer((socket) => {
    const caller = new Caller(socket, context);
    callers.add(caller);
    callerCount++;
    socket.on("close", () => callers.delete(caller));
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
      return callers.size;
    },
    get callerCount() {
      return callerCount;
    },
    stopListening,
    [Symbol.asyncDispose]: async () => {
      stopListening();
      for (const caller of callers) caller.close();
      await closed;
    },
  };
}
