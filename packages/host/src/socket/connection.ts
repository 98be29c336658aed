import type { Socket } from "node:net";
import { BridgeError, isBridgeError, type Json, type Logger } from "@agent-bridge/core";
import * as z from "zod";
import { maxLineBytes, parseLine } from "./frames.ts";
import { invalid } from "./invalid.ts";
import { LineSplitter, type SplitLine } from "./line-splitter.ts";
import { methodNamed, methods, type MethodContext, type MethodRow } from "./methods.ts";
import { toWireError, type DaemonFrame } from "./wire.ts";

/** Requests that one connection may have open at once. */
const maxOpenRequests = 256;

const requestId = z.union([z.string().max(256), z.number()]);
const requestSchema = z.union([
  z.strictObject({ id: requestId, method: z.string().max(64), params: z.json().optional() }),
  z.strictObject({ cancel: requestId }),
]);
/** What every connection of a daemon shares. */
export interface ConnectionContext extends MethodContext {
  readonly logger: Logger;
}

/**
 * Answers the requests of a caller that was let in. Bad input is answered by an error and the connection
 * goes on. When it ends, everything that it had open is aborted.
 */
export function serveRequests(socket: Socket, context: ConnectionContext): void {
  const connection = new Connection(socket, context);
  socket.on("data", (chunk: Buffer) => connection.receive(chunk));
  socket.on("close", () => connection.abort());
}

class Connection {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #lines = new LineSplitter(maxLineBytes);
  readonly #open = new Map<string | number, AbortController>();

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
  }

  abort(): void {
    for (const request of this.#open.values()) request.abort(new Error("The caller has gone."));
  }

  receive(chunk: Buffer): void {
    for (const split of this.#lines.push(chunk)) {
      if (this.#socket.destroyed || this.#socket.writableEnded) return;
      this.#handle(split);
    }
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

function cancelled(): Error {
  return new Error("The caller cancelled the request.");
}

function encode(frame: DaemonFrame): string {
  return `${JSON.stringify(frame)}\n`;
}
