import type { Socket } from "node:net";
import { describeError } from "@agent-bridge/core";
import type { McpConnection } from "@agent-bridge/mcp-server";
import type { ServeMcp } from "../mcp-on-streams.ts";
import { admit, type AdmissionContext, type Admitted } from "./admission.ts";
import { serveRequests, type ConnectionContext } from "./connection.ts";
import { maxHelloBytes } from "./frames.ts";
import { LineSplitter } from "./line-splitter.ts";
import { toWireError, type DaemonFrame } from "./wire.ts";

/** How long a caller may take to show who it is. */
const helloMs = 5_000;

/** How long a closing connection may take to hand over what was written. */
const lastWordMs = 500;

/** What every caller of a daemon shares. */
export interface CallerContext extends AdmissionContext, ConnectionContext {
  /** Resolves when requests can be answered. */
  readonly ready: Promise<void>;
  readonly serveMcp: ServeMcp;
}

/** One caller on the socket: it shows who it is, and is greeted and served when the daemon is ready. */
export class Caller {
  readonly #socket: Socket;
  readonly #context: CallerContext;
  readonly #lines = new LineSplitter(maxHelloBytes);
  readonly #helloTimer: NodeJS.Timeout;
  #mcp: McpConnection | undefined;

  constructor(socket: Socket, context: CallerContext) {
    this.#socket = socket;
    this.#context = context;
    this.#helloTimer = setTimeout(() => socket.destroy(), helloMs);
    socket.on("data", this.#receive);
    // A caller that went away is no fault of ours; `close` follows and ends what it had open.
    socket.on("error", (error) => context.logger.debug("A caller's connection broke", { error }));
    socket.on("close", () => clearTimeout(this.#helloTimer));
  }

  /** Ends the connection when what was written to it is on its way, but does not wait long for it. */
  close(): void {
    const timer = setTimeout(() => this.#socket.destroy(), lastWordMs);
    this.#socket.once("close", () => clearTimeout(timer));
    // What is under way is not answered any more: who is served by MCP asks again.
    void this.#mcp?.close();
    this.#socket.destroySoon();
  }

  readonly #receive = (chunk: Buffer): void => {
    const end = chunk.indexOf("\n") + 1;
    const [split] = this.#lines.push(end === 0 ? chunk : chunk.subarray(0, end));
    if (split === undefined) return;
    clearTimeout(this.#helloTimer);
    this.#socket.off("data", this.#receive);
    this.#socket.pause();
    // What came right behind the hello is read by who serves the caller.
    if (end < chunk.length) this.#socket.unshift(chunk.subarray(end));
    const { ready, hello } = this.#context;
    try {
      const admitted = admit(split, this.#context);
      void ready
        .then(() => this.#write({ hello }))
        .then(async () => await this.#serve(admitted))
        .catch((error: unknown) => this.#refuse(error));
    } catch (error) {
      const { code, message: what } = toWireError(error);
      this.#context.logger.warn("Denied", { who: "a caller of the socket", what, code });
      this.#refuse(error);
    }
  };

  async #serve({ speaks, principal, until }: Admitted): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (until !== undefined) endWith(socket, until);
    if (speaks === "frames") serveRequests(socket, this.#context);
    else this.#mcp = await this.#context.serveMcp({ input: socket, output: socket }, principal);
    socket.resume();
  }

  #write(frame: DaemonFrame): void {
    const socket = this.#socket;
    if (!socket.destroyed && !socket.writableEnded) socket.write(`${JSON.stringify(frame)}\n`);
  }

  #refuse(error: unknown): void {
    this.#context.logger.debug("A caller is not served", { error: describeError(error) });
    this.#write({ id: null, error: toWireError(error) });
    this.#socket.end();
  }
}

function endWith(socket: Socket, signal: AbortSignal): void {
  const end = (): void => void socket.destroy();
  if (signal.aborted) return end();
  signal.addEventListener("abort", end, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", end));
}
