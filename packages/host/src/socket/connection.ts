import { createHash, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import { BridgeError, isBridgeError, type Json, type Logger } from "@agent-bridge/core";
import { parseMark } from "@agent-bridge/process";
import * as z from "zod";
import {
  maxHelloBytes,
  maxLineBytes,
  parseLine,
  protocolVersion,
  toWireError,
  type DaemonFrame,
  type DaemonHello,
} from "./frames.ts";
import { LineSplitter, type SplitLine } from "./line-splitter.ts";
import { methodNamed, methods, type MethodContext, type MethodRow } from "./methods.ts";

/** Requests that one connection may have open at once. */
const maxOpenRequests = 256;

/** How long a caller may take to show the key. */
const helloMs = 5_000;

/** How long a closing connection may take to hand over what was written. */
const lastWordMs = 500;

const requestId = z.union([z.string().max(256), z.number()]);
const requestSchema = z.union([
  z.strictObject({ id: requestId, method: z.string().max(64), params: z.json().optional() }),
  z.strictObject({ cancel: requestId }),
]);
const helloSchema = z.strictObject({
  hello: z.object({
    protocol: z.int(),
    key: z.string(),
    /** The mark of the run that the caller is part of, if it is. */
    run: z.string().max(1024).exactOptional(),
  }),
});

/** What every connection of a daemon shares. */
export interface ConnectionContext extends MethodContext {
  readonly key: string;
  readonly stateId: string;
  readonly hello: DaemonHello;
  /** Resolves when requests can be answered. */
  readonly ready: Promise<void>;
  readonly logger: Logger;
}

/**
 * One caller on the socket. It must show the key first; then bad input is answered by an error and
 * the connection goes on. When it ends, everything that it had open is aborted.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #lines = new LineSplitter(maxHelloBytes);
  readonly #open = new Map<string | number, AbortController>();
  readonly #helloTimer: NodeJS.Timeout;
  #isAdmitted = false;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.#helloTimer = setTimeout(() => socket.destroy(), helloMs);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    // A caller that went away is no fault of ours; `close` follows and aborts what it had open.
    socket.on("error", (error) => context.logger.debug("A caller's connection broke", { error }));
    socket.on("close", () => {
      clearTimeout(this.#helloTimer);
      for (const request of this.#open.values()) request.abort(new Error("The caller has gone."));
    });
  }

  /** Ends the connection when what was written to it is on its way, but does not wait long for it. */
  close(): void {
    const timer = setTimeout(() => this.#socket.destroy(), lastWordMs);
    this.#socket.once("close", () => clearTimeout(timer));
    this.#socket.destroySoon();
  }

  #receive(chunk: Buffer): void {
    for (const split of this.#lines.push(chunk)) {
      if (this.#socket.destroyed || this.#socket.writableEnded) return;
      if (this.#isAdmitted) this.#handle(split);
      else this.#admit(split);
    }
  }

  #admit(split: SplitLine): void {
    clearTimeout(this.#helloTimer);
    const refused = helloProblem(split, this.#context);
    if (refused !== undefined) {
      this.#context.logger.warn("A caller of the socket was refused", { code: refused.code });
      this.#socket.end(encode({ id: null, error: toWireError(refused) }));
      return;
    }
    this.#isAdmitted = true;
    this.#lines.limitBytes = maxLineBytes;
    const { ready, hello } = this.#context;
    void ready.then(
      () => this.#write({ hello }),
      (error: unknown) => this.#socket.end(encode({ id: null, error: toWireError(error) })),
    );
  }

  #handle(split: SplitLine): void {
    let id: string | number | null = null;
    try {
      const data = readLine(split, maxLineBytes);
      id = idOf(data);
      const request = requestSchema.safeParse(data);
      if (!request.success) throw invalid("The request", request.error);
      if ("cancel" in request.data) this.#open.get(request.data.cancel)?.abort(cancelled());
      else this.#begin(request.data);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #begin({ id, method, params }: { id: string | number; method: string; params?: unknown }): void {
    const row = methodNamed(method);
    if (row === undefined) {
      const detail = `there is no such method. Known: ${Object.keys(methods).join(", ")}.`;
      throw new BridgeError("INPUT_INVALID", { what: `"${method}"`, detail });
    }
    if (this.#open.has(id)) {
      const detail = "a request with this id is still open.";
      throw new BridgeError("INPUT_INVALID", { what: `The id ${JSON.stringify(id)}`, detail });
    }
    if (this.#open.size >= maxOpenRequests) {
      const what = "open requests on a connection";
      throw new BridgeError("QUOTA_EXCEEDED", { what, limit: maxOpenRequests });
    }
    if ("begins" in row && this.#context.isStopping()) {
      throw new BridgeError("DAEMON_LOST", { detail: "the daemon stops" });
    }
    const parsed = row.params.safeParse(params ?? {});
    if (!parsed.success) throw invalid(`The parameters of ${method}`, parsed.error);
    const abort = new AbortController();
    this.#open.set(id, abort);
    void this.#answer({ id, row, params: parsed.data, signal: abort.signal });
  }

  async #answer(request: {
    readonly id: string | number;
    readonly row: MethodRow;
    readonly params: unknown;
    readonly signal: AbortSignal;
  }): Promise<void> {
    const { id, row, params, signal } = request;
    try {
      await this.#context.ready;
      if ("call" in row) {
        const result = await row.call(this.#context, params, signal);
        await this.#write({ id, result: result as Json });
      } else {
        for await (const event of row.stream(this.#context, params, signal)) {
          if (signal.aborted) break;
          await this.#write({ id, event: event as Json });
        }
        await this.#write({ id, done: true });
      }
    } catch (error) {
      if (signal.aborted) await this.#write({ id, done: true });
      else this.#fail(id, error);
    } finally {
      this.#open.delete(id);
    }
  }

  #fail(id: string | number | null, error: unknown): void {
    if (!isBridgeError(error)) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#context.logger.error("A request failed unexpectedly", { error, stack });
    }
    void this.#write({ id, error: toWireError(error) });
  }

  /** Resolves when the socket takes more, so that a stream is read no faster than its caller reads. */
  async #write(frame: DaemonFrame): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded || socket.write(encode(frame))) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once("drain", resolve);
    socket.once("close", resolve);
    await promise;
    socket.off("drain", resolve);
    socket.off("close", resolve);
  }
}

function helloProblem(split: SplitLine, context: ConnectionContext): BridgeError | undefined {
  let data: Json;
  try {
    data = readLine(split, maxHelloBytes);
  } catch (error) {
    if (isBridgeError(error)) return error;
    throw error;
  }
  const parsed = helloSchema.safeParse(data);
  if (!parsed.success) return invalid("The hello", parsed.error);
  const { key, protocol, run } = parsed.data.hello;
  if (!isSameText(key, context.key)) {
    return new BridgeError("NOT_ALLOWED", { what: "Calling the daemon without its key" });
  }
  if (run !== undefined && parseMark(run)?.stateId === context.stateId) {
    const what = "Operating the bridge from inside one of its own runs";
    return new BridgeError("NOT_ALLOWED", { what });
  }
  if (protocol === protocolVersion) return undefined;
  const detail = `it speaks protocol ${protocol}, this daemon (agent-bridge ${context.hello.version}) speaks ${protocolVersion}. Restart the daemon: \`agent-bridge down\`, \`agent-bridge up\`.`;
  return new BridgeError("INPUT_INVALID", { what: "The hello", detail });
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Compares in constant time, whatever the lengths. */
function isSameText(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function readLine(split: SplitLine, limitBytes: number): Json {
  if ("line" in split) return parseLine(split.line);
  throw new BridgeError("INPUT_TOO_LARGE", {
    what: "The line",
    bytes: split.droppedBytes,
    limitBytes,
  });
}

/** The id of a request that may be wrong otherwise, so that its caller can be answered. */
function idOf(data: Json): string | number | null {
  const parsed = z.looseObject({ id: requestId }).safeParse(data);
  return parsed.success ? parsed.data.id : null;
}

function invalid(what: string, error: z.ZodError): BridgeError {
  const detail = error.issues
    .map(
      ({ path, message }) =>
        `${path.length > 0 ? `${path.map(String).join(".")}: ` : ""}${message}`,
    )
    .join("; ");
  return new BridgeError("INPUT_INVALID", { what, detail });
}

function cancelled(): Error {
  return new Error("The caller cancelled the request.");
}

function encode(frame: DaemonFrame): string {
  return `${JSON.stringify(frame)}\n`;
}
