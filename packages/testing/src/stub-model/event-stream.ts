import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gone } from "../loopback/server.ts";
import type { Step } from "./directives.ts";
import { pieces } from "./model.ts";

/** How many pieces of a message a call that is cut or hangs still sends. */
const piecesBeforeFailure = 2;

/** A server-sent event stream of one model call. */
export interface EventStream {
  /** Sends one event; waits while the client reads slowly. */
  send(data: string, event?: string): Promise<void>;
  /** Streams a text in pieces, `slowMs` apart. */
  pieces(text: string, send: (piece: string) => Promise<void>): Promise<void>;
  end(): void;
  /** Whether the call has failed as its step demands: then nothing more may be sent. */
  failAfter(text: string, send: (piece: string) => Promise<void>): Promise<boolean>;
}

/** Opens the stream on a response. Everything that waits ends with `signal`. */
export function openEventStream(
  response: ServerResponse,
  step: Step,
  signal: AbortSignal,
): EventStream {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });

  const write = async (data: string, event?: string): Promise<void> => {
    signal.throwIfAborted();
    const name = event === undefined ? "" : `event: ${event}\n`;
    if (!response.write(`${name}data: ${data}\n\n`)) await once(response, "drain", { signal });
  };

  const stream = async (
    parts: readonly string[],
    send: (piece: string) => Promise<void>,
  ): Promise<void> => {
    for (const piece of parts) {
      await send(piece);
      if (step.slowMs > 0) await sleep(step.slowMs, undefined, { signal });
    }
  };

  return {
    send: write,
    pieces: (text, send) => stream(pieces(text), send),
    end: () => {
      response.end();
    },
    failAfter: async (text, send) => {
      const { end } = step.ending;
      if (end !== "cut" && end !== "hang") return false;
      await stream(pieces(text).slice(0, piecesBeforeFailure), send);
      if (end === "hang") await gone(signal);
      // What was written must leave the process before the connection is reset.
      else await new Promise((resolve) => response.write(": cut\n\n", resolve));
      response.destroy();
      return true;
    },
  };
}
