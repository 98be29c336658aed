import { Buffer } from "node:buffer";
import type { Clock } from "@agent-bridge/core";
import { WebSocket, type RawData } from "ws";
import type { PortalSocket } from "./portal-session.ts";

/** What may wait in one socket before whoever sends has to wait. */
const highWaterBytes = 256 * 1024;

/** How often a socket is asked whether it is there. */
const pingMs = 30_000;

/** How many of these times in a row it may show no sign of life. */
const missedPings = 3;

/** A WebSocket as a session uses it. */
export function portalSocket(socket: WebSocket): PortalSocket {
  return {
    send: async (text) => {
      if (socket.readyState !== WebSocket.OPEN) throw new Error("The socket is closed.");
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      socket.send(text, (error) => (error instanceof Error ? reject(error) : resolve()));
      if (socket.bufferedAmount <= highWaterBytes) resolve();
      await promise;
    },
    close: (code, reason) => socket.close(code, reason),
  };
}

/** The bytes of a message, in one piece. */
export function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/**
 * Asks a socket now and then whether it is there, and cuts one that shows no sign of life for long. Any message, any
 * pong, and any byte that it took counts: a slow one is not a dead one.
 */
export function keepAlive(socket: WebSocket, clock: Clock): Disposable {
  let missed = 0;
  let waiting = 0;
  const lives = (): void => {
    missed = 0;
  };
  const check = (): void => {
    const { bufferedAmount } = socket;
    if (bufferedAmount < waiting) lives();
    waiting = bufferedAmount;
    missed++;
    if (missed > missedPings) return socket.terminate();
    if (socket.readyState === WebSocket.OPEN) socket.ping();
    timer = clock.timer(pingMs, check);
  };
  let timer = clock.timer(pingMs, check);
  socket.on("pong", lives).on("message", lives);
  return {
    [Symbol.dispose]: () => {
      timer.stop();
      socket.off("pong", lives).off("message", lives);
    },
  };
}
