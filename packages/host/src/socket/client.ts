import type { Socket } from "node:net";
import { BridgeError, describeError } from "@agent-bridge/core";
import type { DialedDaemon } from "./dial-daemon.ts";
import { maxLineBytes, maxLineDepth } from "./frames.ts";
import { LineSplitter } from "./line-splitter.ts";
import { PendingReply, ReplyStream, type Reply } from "./replies.ts";
import type { CallName, CallResult, MethodParams, StreamEvent, StreamName } from "./methods.ts";
import { fromWireError, type DaemonFrame, type DaemonHello } from "./wire.ts";

/** The largest answer that is read: the answer of an agent is at most 10 MB. */
const maxAnswerBytes = 64 * 1024 * 1024;

export interface CallOptions {
  /** Gives the request up; the daemon is told. */
  readonly signal?: AbortSignal;
}

/** A connection to the daemon of a state folder. Calls share it; close it to let the process end. */
export interface DaemonClient extends AsyncDisposable {
  readonly daemon: DaemonHello;
  /**
   * @throws BridgeError what the method throws; DAEMON_LOST when the connection ends first;
   *   INPUT_TOO_LARGE when the request does not fit in a line. The signal's reason when it aborts.
   */
  call<M extends CallName>(
    method: M,
    params: MethodParams<M>,
    options?: CallOptions,
  ): Promise<CallResult<M>>;
  /**
   * Streams until the method is done. A slow reader holds up the whole connection. Leaving the loop
   * gives the request up; so does the signal, which ends the loop without an error.
   *
   * @throws BridgeError as `call`
   */
  stream<M extends StreamName>(
    method: M,
    params: MethodParams<M>,
    options?: CallOptions,
  ): AsyncIterable<StreamEvent<M>>;
  close(): Promise<void>;
}

/** Makes requests on a connection. */
export function clientOn({ socket, daemon }: DialedDaemon): DaemonClient {
  return new Client(socket, daemon);
}

class Client implements DaemonClient {
  readonly daemon: DaemonHello;
  readonly #socket: Socket;
  readonly #lines = new LineSplitter(maxAnswerBytes);
  readonly #replies = new Map<number, Reply>();
  readonly #closed: Promise<void>;
  #nextId = 1;
  #ended: { readonly reason: unknown } | undefined;

  constructor(socket: Socket, daemon: DaemonHello) {
    this.#socket = socket;
    this.daemon = daemon;
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () =>
      this.#end(new BridgeError("DAEMON_LOST", { detail: "the daemon closed it" })),
    );
    socket.resume();
  }

  async call<M extends CallName>(
    method: M,
    params: MethodParams<M>,
    options: CallOptions = {},
  ): Promise<CallResult<M>> {
    options.signal?.throwIfAborted();
    const reply = new PendingReply();
    const id = this.#send(method, params, reply);
    const giveUp = (): void => {
      this.#cancel(id);
      reply.fail(options.signal?.reason);
    };
    options.signal?.addEventListener("abort", giveUp, { once: true });
    try {
      return (await reply.result) as CallResult<M>;
    } finally {
      options.signal?.removeEventListener("abort", giveUp);
      this.#replies.delete(id);
    }
  }

  async *stream<M extends StreamName>(
    method: M,
    params: MethodParams<M>,
    options: CallOptions = {},
  ): AsyncGenerator<StreamEvent<M>, void, undefined> {
    const isAborted = (): boolean => options.signal?.aborted === true;
    if (isAborted()) return;
    const reply = new ReplyStream(this.#socket);
    const id = this.#send(method, params, reply);
    const giveUp = (): void => reply.finish();
    options.signal?.addEventListener("abort", giveUp, { once: true });
    try {
      for await (const event of reply) {
        yield event as StreamEvent<M>;
        if (isAborted()) return;
      }
    } finally {
      options.signal?.removeEventListener("abort", giveUp);
      this.#replies.delete(id);
      if (!reply.isAnswered) this.#cancel(id);
      reply.leave();
    }
  }

  async close(): Promise<void> {
    this.#socket.end();
    this.#socket.destroySoon();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Ends the connection; whoever waits on it is told the reason. Repeated, it changes nothing. */
  #end(reason: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason };
    this.#socket.destroy();
    for (const reply of this.#replies.values()) reply.fail(lost(reason));
  }

  #send(method: string, params: unknown, reply: Reply): number {
    if (this.#ended !== undefined) throw lost(this.#ended.reason);
    const id = this.#nextId++;
    const line = `${toJson({ id, method, params })}\n`;
    const bytes = Buffer.byteLength(line) - 1;
    if (bytes > maxLineBytes) {
      throw new BridgeError("INPUT_TOO_LARGE", {
        what: "The request",
        bytes,
        limitBytes: maxLineBytes,
      });
    }
    this.#replies.set(id, reply);
    this.#socket.write(line);
    return id;
  }

  #cancel(id: number): void {
    if (this.#ended === undefined) this.#socket.write(`${JSON.stringify({ cancel: id })}\n`);
  }

  #receive(chunk: Buffer): void {
    for (const split of this.#lines.push(chunk)) {
      if ("droppedBytes" in split) {
        const detail = `an answer of ${split.droppedBytes} bytes is too large`;
        return this.#end(new BridgeError("DAEMON_LOST", { detail }));
      }
      const frame = frameOf(split.line);
      if (frame === undefined) {
        const detail = "what answers does not speak the daemon's protocol";
        return this.#end(new BridgeError("DAEMON_LOST", { detail }));
      }
      if ("hello" in frame) continue;
      if (frame.id === null) {
        // Only an error has no id: the daemon could not read what it was sent.
        if ("error" in frame) this.#end(fromWireError(frame.error));
      } else this.#replies.get(Number(frame.id))?.take(frame);
    }
  }
}

/** Who could write in the daemon's place has the key's folder: what is a frame at all is trusted. */
function frameOf(line: Buffer): DaemonFrame | undefined {
  try {
    const data: unknown = JSON.parse(line.toString("utf8"));
    const isFrame = typeof data === "object" && data !== null && ("hello" in data || "id" in data);
    return isFrame ? (data as DaemonFrame) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The connection's end, as a request on it is told. */
function lost(reason: unknown): unknown {
  if (reason instanceof Error && "code" in reason && reason.name === "BridgeError") return reason;
  return new BridgeError("DAEMON_LOST", { detail: describeError(reason) }, { cause: reason });
}

/** @throws BridgeError INPUT_TOO_DEEP where the data is nested deeper than can be written */
function toJson(data: unknown): string {
  try {
    return JSON.stringify(data);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const limits = { what: "The request", limitDepth: maxLineDepth };
    throw new BridgeError("INPUT_TOO_DEEP", limits, { cause: error });
  }
}
