import type { Readable, Writable } from "node:stream";
import { BridgeError, describeError, parseJson } from "@agent-bridge/core";
import { endsOf, requestIdOf } from "./request-id.ts";

/** The longest message that is read, in bytes, and how deep it may be nested. */
export const maxMessageBytes = 1024 * 1024;
export const maxMessageDepth = 64;

const newline = 0x0a;
const parseError = -32_700;

/** Streams that carry one JSON-RPC message a line. */
export interface LineStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/**
 * A transport over two streams. A line that is too long, too deep or no message is answered by an error, with
 * the id of the request where that can be seen, and the connection goes on; of what was too long only the ends are
 * kept. It closes when either stream ends.
 */
export class LineTransport<M> {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: M) => void) | undefined;
  readonly #streams: LineStreams;
  readonly #parse: (value: unknown) => M;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isClosed = false;
  #isGathering = false;
  readonly #over = Promise.withResolvers<void>();

  /** @param parse checks that a value is a message; throws where it is none */
  constructor(streams: LineStreams, parse: (value: unknown) => M) {
    this.#streams = streams;
    this.#parse = parse;
  }

  /** Resolves when it is closed, by whomever. */
  get closed(): Promise<void> {
    return this.#over.promise;
  }

  async start(): Promise<void> {
    const { input, output } = this.#streams;
    input.on("data", this.#receive);
    for (const stream of [input, output]) {
      stream.on("error", this.#fail);
      stream.on("close", this.#end);
    }
    input.on("end", this.#end);
    return await Promise.resolve();
  }

  /** Resolves when the stream takes more. */
  async send(message: unknown): Promise<void> {
    const { output } = this.#streams;
    if (this.#isClosed || output.destroyed || output.writableEnded) return;
    this.#gather();
    if (output.write(`${JSON.stringify(message)}\n`)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    output.once("drain", resolve);
    output.once("close", resolve);
    await promise;
    output.off("drain", resolve);
    output.off("close", resolve);
  }

  /** Messages of one turn go out together: to write costs more than most of them do. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    const { output } = this.#streams;
    output.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      output.uncork();
    });
  }

  /** The streams stay open: they belong to whoever made them. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { input, output } = this.#streams;
    input.off("data", this.#receive);
    input.off("end", this.#end);
    for (const stream of [input, output]) {
      stream.off("close", this.#end);
      stream.off("error", this.#fail);
    }
    this.onclose?.();
    this.#over.resolve();
    return await Promise.resolve();
  }

  readonly #end = (): void => void this.close();

  readonly #fail = (error: Error): void => {
    this.onerror?.(error);
    void this.close();
  };

  readonly #receive = (chunk: Buffer): void => {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      this.#keep(chunk.subarray(from, at));
      from = at + 1;
      this.#take();
    }
    this.#keep(chunk.subarray(from));
  };

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    this.#pieces.push(piece);
    if (this.#bytes > maxMessageBytes) this.#pieces = [endsOf(this.#pieces)];
  }

  #take(): void {
    const bytes = this.#bytes;
    const line = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    try {
      if (bytes > maxMessageBytes) {
        const facts = { what: "The message", bytes, limitBytes: maxMessageBytes };
        throw new BridgeError("INPUT_TOO_LARGE", facts);
      }
      if (line.toString("latin1").trim() === "") return;
      this.onmessage?.(this.#parse(parseJson("The message", line, maxMessageDepth)));
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(describeError(error)));
      const message = error instanceof BridgeError ? error.message : "It is no JSON-RPC message.";
      const id = requestIdOf(line);
      void this.send({ jsonrpc: "2.0", id, error: { code: parseError, message } });
    }
  }
}
