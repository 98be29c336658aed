import type { Readable, Writable } from "node:stream";
import { BridgeError } from "@agent-bridge/core/errors";
import { LineSplitter, type DialedDaemon } from "@agent-bridge/host/front";
import {
  answeredBy,
  callOf,
  failed,
  keyOf,
  messagesOf,
  tooLong,
  type Message,
  type OpenCall,
} from "./json-rpc.ts";
import { Link, writeLine } from "./link.ts";

/** The longest message of a client, as the daemon reads it. */
const maxMessageBytes = 1024 * 1024;

/** How long calls may still be answered when the client sends no more, in milliseconds. */
const lastAnswersMs = 2_000;

export interface FrontOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Joins a daemon, or starts one. */
  readonly dial: (signal: AbortSignal) => Promise<DialedDaemon>;
  /** Ends the front. */
  readonly signal: AbortSignal;
}

/**
 * Carries MCP between a client on two streams and the daemon, a message a line, as they are. It outlives the
 * daemon: calls that were under way are answered as lost, which may be tried again; with the next message it
 * joins the daemon of then, starts one if there is none, and repeats the client's handshake.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #calls = new Map<string, OpenCall>();
  #link: Link | undefined;
  #joining: Promise<Link> | undefined;
  #wasJoined = false;
  /** The client's `initialize`, and whether it has ended its handshake; none where the protocol has no handshake. */
  #initialize: Message | undefined;
  #isInitialized = false;
  /** Waits for the answer to a repeated handshake. */
  #rejoin: { readonly id: string; readonly answered: () => void } | undefined;
  #rejoins = 0;
  #onIdle: () => void = () => undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  /**
   * Runs until the client has gone or the signal aborts.
   *
   * @throws what joining a daemon throws the first time; the first call was answered with it
   */
  async run(): Promise<void> {
    // A daemon takes its time to start, and the client its time to ask.
    this.#join().catch(() => undefined);
    const { input, signal } = this.#options;
    const stop = (): void => void input.destroy();
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (signal.aborted) return;
      await this.#readAll();
      await this.#lastAnswers();
    } catch (error) {
      // The input that is read no more because of it.
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#link?.close();
    }
  }

  async #readAll(): Promise<void> {
    const lines = new LineSplitter(maxMessageBytes);
    for await (const chunk of this.#options.input) {
      for (const split of lines.push(chunk as Buffer)) {
        if ("line" in split) await this.#take(split.line);
        else await this.#tell(tooLong(split.droppedBytes, maxMessageBytes));
      }
    }
  }

  async #take(line: Buffer): Promise<void> {
    if (line.every((byte) => byte <= 0x20)) return;
    const messages = messagesOf(line);
    const calls = messages.map(callOf).filter((call) => call !== undefined);
    try {
      const link = await this.#join();
      for (const call of calls) this.#calls.set(keyOf(call.id), call);
      this.#noteHandshake(messages);
      await link.write(line);
    } catch (error) {
      for (const call of calls) await this.#fail(call, error);
      if (!this.#wasJoined) throw error;
    }
  }

  /** Joins a daemon where none is joined; several who ask wait for the same. */
  async #join(): Promise<Link> {
    if (this.#link?.isOpen === true) return this.#link;
    this.#joining ??= this.#joinOnce().finally(() => (this.#joining = undefined));
    return await this.#joining;
  }

  async #joinOnce(): Promise<Link> {
    const dialed = await this.#options.dial(this.#options.signal);
    const link: Link = new Link(dialed, {
      onLine: (line) => this.#answer(link, line),
      onEnd: () => this.#lose(link),
    });
    this.#link = link;
    await this.#repeatHandshake(link);
    this.#wasJoined = true;
    return link;
  }

  /** The daemon of now does not know this client yet. */
  async #repeatHandshake(link: Link): Promise<void> {
    if (this.#initialize === undefined) return;
    const id = `agent-bridge:rejoin:${++this.#rejoins}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#rejoin = { id, answered: resolve };
    await link.write(JSON.stringify({ ...this.#initialize, id }));
    await promise;
    if (!link.isOpen) throw lost();
    if (!this.#isInitialized) return;
    await link.write(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));
  }

  #noteHandshake(messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.method === "initialize") this.#initialize = message;
      if (message.method === "notifications/initialized") this.#isInitialized = true;
    }
  }

  #answer(link: Link, line: Buffer): void {
    for (const message of messagesOf(line)) {
      const id = answeredBy(message);
      if (id === undefined) continue;
      if (id === this.#rejoin?.id) {
        this.#rejoin.answered();
        this.#rejoin = undefined;
        return;
      }
      this.#calls.delete(keyOf(id));
    }
    const { output } = this.#options;
    void writeLine(output, line).then(() => link.resume());
    if (output.writableNeedDrain) link.pause();
    if (this.#calls.size === 0) this.#onIdle();
  }

  #lose(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#rejoin?.answered();
    this.#rejoin = undefined;
    for (const call of this.#calls.values()) void this.#fail(call, lost());
  }

  async #fail(call: OpenCall, error: unknown): Promise<void> {
    this.#calls.delete(keyOf(call.id));
    await this.#tell(failed(call, error, this.#initialize === undefined));
    if (this.#calls.size === 0) this.#onIdle();
  }

  async #tell(answer: object): Promise<void> {
    await writeLine(this.#options.output, JSON.stringify(answer));
  }

  /** A client that has sent all may still wait for what it asked. */
  async #lastAnswers(): Promise<void> {
    if (this.#calls.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const timer = setTimeout(resolve, lastAnswersMs);
    await promise;
    clearTimeout(timer);
  }
}

function lost(): BridgeError {
  return new BridgeError("DAEMON_LOST", { detail: "the daemon ended, or was ended" });
}
