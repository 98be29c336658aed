import type { Readable } from "node:stream";
import { LineSplitter } from "./line-splitter.ts";

/** The child is stopped when its reader lags behind by this much. */
const highWaterBytes = 256 * 1024;
/**
 * After the child's exit everything that its pipe still holds is taken in, whatever the reader does. The system's
 * buffer is some 200 KiB; what comes beyond this bound was written by somebody else.
 */
const drainBytes = 4 * 1024 * 1024;

export interface OutputEvents {
  onLine(): void;
  onTooLong(): void;
  onError(error: NodeJS.ErrnoException): void;
  /** The child is (or no longer is) held back by its reader. */
  onStalled(isStalled: boolean): void;
}

/** The lines of a stream, with a bounded queue between the stream and one reader at a time. */
export class OutputLines implements AsyncIterable<string> {
  readonly #stream: Readable;
  readonly #events: OutputEvents;
  readonly #splitter: LineSplitter;
  readonly #ended = Promise.withResolvers<void>();
  #queue: string[] = [];
  #head = 0;
  #queuedBytes = 0;
  #drainedBytes: number | undefined;
  #hasEnded = false;
  #isStalled = false;
  #wake: (() => void) | undefined;

  constructor(stream: Readable, lineBytes: number, events: OutputEvents) {
    this.#stream = stream;
    this.#events = events;
    this.#splitter = new LineSplitter(lineBytes);
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.on("end", () => this.cut());
    stream.on("close", () => this.cut());
    stream.on("error", (error) => {
      if (!this.#hasEnded) this.#events.onError(error);
      this.cut();
    });
  }

  /** Resolves when nothing more will be queued; the reader may still be behind. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Takes in what the stream still holds, without waiting for the reader. */
  drain(): void {
    this.#drainedBytes ??= 0;
    this.#setStalled(false);
  }

  /** Ends the lines here; what was begun becomes the last line. */
  cut(): void {
    if (this.#hasEnded) return;
    const rest = this.#splitter.flush();
    if (rest !== undefined) this.#queue.push(rest);
    this.#end();
  }

  [Symbol.asyncIterator](): AsyncIterator<string, undefined> {
    return {
      next: () => this.#next(),
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  #take(chunk: Buffer): void {
    if (this.#hasEnded) return;
    const isWhole = this.#splitter.push(chunk, (line) => {
      this.#queue.push(line);
      this.#events.onLine();
    });
    if (!isWhole) {
      // Not `cut`: the part of a line that is too long is nothing to read.
      this.#end();
      this.#events.onTooLong();
      return;
    }
    if (this.#drainedBytes !== undefined) {
      this.#drainedBytes += chunk.length;
      if (this.#drainedBytes > drainBytes) this.cut();
    } else if (this.#queue.length > this.#head) {
      this.#queuedBytes += chunk.length;
      if (this.#queuedBytes > highWaterBytes) this.#setStalled(true);
    }
    this.#wakeReader();
  }

  async #next(): Promise<IteratorResult<string, undefined>> {
    if (this.#wake !== undefined) throw new TypeError("The lines are being read already.");
    for (;;) {
      const line = this.#queue[this.#head];
      if (line !== undefined) {
        this.#head += 1;
        return { done: false, value: line };
      }
      this.#queue = [];
      this.#head = 0;
      this.#queuedBytes = 0;
      if (this.#hasEnded) return { done: true, value: undefined };
      this.#setStalled(false);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  #setStalled(isStalled: boolean): void {
    if (isStalled === this.#isStalled) return;
    this.#isStalled = isStalled;
    if (isStalled) this.#stream.pause();
    else this.#stream.resume();
    this.#events.onStalled(isStalled);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#stream.destroy();
    this.#ended.resolve();
    this.#wakeReader();
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
