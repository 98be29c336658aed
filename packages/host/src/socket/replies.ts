import type { Socket } from "node:net";
import type { Json } from "@agent-bridge/core";
import { fromWireError, type DaemonFrame } from "./wire.ts";

type ReplyFrame = Exclude<DaemonFrame, { readonly hello: unknown }>;

/** What waits for the frames of one request. */
export interface Reply {
  take(frame: ReplyFrame): void;
  fail(reason: unknown): void;
}

/** The reply to a call. */
export class PendingReply implements Reply {
  readonly #settle = Promise.withResolvers<Json | undefined>();

  get result(): Promise<Json | undefined> {
    return this.#settle.promise;
  }

  take(frame: ReplyFrame): void {
    if ("error" in frame) this.#settle.reject(fromWireError(frame.error));
    else if ("result" in frame) this.#settle.resolve(frame.result);
  }

  fail(reason: unknown): void {
    this.#settle.reject(reason);
  }
}

/** Events that wait for their reader; with more, the socket is not read until it has caught up. */
const maxWaiting = 256;

/** The reply to a stream: events in order, to one reader. */
export class ReplyStream implements Reply, AsyncIterable<Json> {
  readonly #socket: Socket;
  #waiting: Json[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  /** True when the daemon has said its last word on this request. */
  isAnswered = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  take(frame: ReplyFrame): void {
    if ("event" in frame) {
      this.#waiting.push(frame.event);
      if (this.#waiting.length > maxWaiting) this.#socket.pause();
    } else {
      this.isAnswered = true;
      this.#end ??= "error" in frame ? { error: fromWireError(frame.error) } : {};
    }
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.isAnswered = true;
    this.#end ??= { error };
    this.#wake?.();
  }

  /** Ends the reading after what has arrived. */
  finish(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  /** The reader is gone: the connection goes on for the others. */
  leave(): void {
    this.#waiting = [];
    this.#socket.resume();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Json, void, undefined> {
    for (;;) {
      const ready = this.#waiting;
      this.#waiting = [];
      this.#socket.resume();
      yield* ready;
      if (this.#waiting.length > 0) continue;
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
