import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { BridgeError } from "@agent-bridge/core/errors";
import { LineSplitter, type DialedDaemon } from "@agent-bridge/host/front";

/** The longest line that is taken from the daemon. */
const maxAnswerBytes = 64 * 1024 * 1024;

export interface LinkEnds {
  /** Takes a whole line of the daemon's, without its end. */
  onLine(line: Buffer): void;
  /** The connection is gone; called once. */
  onEnd(): void;
}

/** A connection to one daemon, lines both ways. */
export class Link {
  readonly #socket: Socket;
  #isOpen = true;

  constructor({ socket }: DialedDaemon, ends: LinkEnds) {
    this.#socket = socket;
    const lines = new LineSplitter(maxAnswerBytes);
    socket.on("data", (chunk: Buffer) => {
      for (const split of lines.push(chunk)) {
        if ("line" in split) ends.onLine(split.line);
        else socket.destroy();
      }
    });
    // The end that follows tells it.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isOpen = false;
      ends.onEnd();
    });
    socket.resume();
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#socket.destroyed;
  }

  /**
   * Resolves when the daemon takes more.
   *
   * @throws BridgeError DAEMON_LOST
   */
  async write(line: Buffer | string): Promise<void> {
    if (!this.isOpen) throw new BridgeError("DAEMON_LOST", { detail: "the daemon closed it" });
    await writeLine(this.#socket, line);
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroySoon();
  }
}

/** Writes a line; resolves when the stream takes more, or is closed. */
export async function writeLine(stream: Writable, line: Buffer | string): Promise<void> {
  stream.write(line);
  if (stream.write("\n") || stream.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("drain", resolve).once("close", resolve);
  await promise;
  stream.off("drain", resolve).off("close", resolve);
}
