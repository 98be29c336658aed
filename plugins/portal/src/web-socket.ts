import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import type { Clock } from "@agent-bridge/core";
import { WebSocket, type RawData } from "ws";
import type { PortalSocket } from "./portal-session.ts";

/** What may wait in one socket before whoever sends has to wait. */
const highWaterBytes = 256 * 1024;

/** How often a socket is asked whether it is there. */
const pingMs = 30_000;

/** How many of these times in a row it may show no sign of life. */
const missedPings = 3;

/**
 * A WebSocket as a session uses it. What is sent in one turn of the event loop goes out in one write.
 *
 * @param stream what the socket writes to
 */
export function portalSocket(socket: WebSocket, stream: Duplex): PortalSocket {
  let isGathering = false;
  let drained: PromiseWithResolvers<void> | undefined;
  const goOn = (): void => {
    drained?.resolve();
    drained = undefined;
  };
  stream.on("drain", goOn).once("close", goOn);
  const gather = (): void => {
    if (isGathering) return;
    isGathering = true;
    stream.cork();
    process.nextTick(() => {
      isGathering = false;
      stream.uncork();
    });
  };
  return {
    send: async (message, signal) => {
      while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > highWaterBytes)
        await (drained ??= Promise.withResolvers()).promise;
      signal?.throwIfAborted();
      if (socket.readyState !== WebSocket.OPEN) throw new Error("The socket is closed.");
      gather();
      socket.send(message, { binary: false });
    },
    close: (code, reason) => socket.close(code, reason),
  };
}

/** Answers pings, unless the socket does not take what it has been sent: what it asks for must not pile up either. */
export function answerPings(socket: WebSocket): void {
  socket.on("ping", (data) => {
    if (socket.bufferedAmount <= highWaterBytes) socket.pong(data);
  });
}

/** The bytes of a message, in one piece. */
export function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/**
 * Asks a socket now and then whether it is there, and cuts one that shows no sign of life for long. Any message, any
 * pong, and anything that it took counts: a slow one is not a dead one.
 */
export function keepAlive(socket: WebSocket, stream: Duplex, clock: Clock): Disposable {
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
  stream.on("drain", lives);
  return {
    [Symbol.dispose]: () => {
      timer.stop();
      socket.off("pong", lives).off("message", lives);
      stream.off("drain", lives);
    },
  };
}
