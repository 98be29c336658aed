import type { Writable } from "node:stream";
import type { WriteResult } from "./running-process.ts";

/** The stdin of a child: failures are values, since a child that stops reading is nothing exceptional. */
export class ProcessInput {
  readonly #stream: Writable | null;

  constructor(stream: Writable | null) {
    this.#stream = stream;
    // Every write reports its own failure; without a listener the stream's copy of it would end this process.
    stream?.on("error", () => {});
  }

  writeLine(line: string): Promise<WriteResult> {
    const stream = this.#stream;
    if (stream === null || !stream.writable) {
      return Promise.resolve({ written: false, code: codeOf(stream?.errored) });
    }
    return new Promise((resolve) => {
      stream.write(`${line}\n`, (error: NodeJS.ErrnoException | null | undefined) => {
        resolve(error ? { written: false, code: codeOf(error) } : { written: true });
      });
    });
  }

  close(): void {
    if (this.#stream?.writable === true) this.#stream.end();
  }

  /** Gives up what was not written yet. */
  destroy(): void {
    this.#stream?.destroy();
  }
}

function codeOf(error: NodeJS.ErrnoException | null | undefined): string {
  // Node's own codes for writes that a closed stream refused or gave up (ERR_STREAM_DESTROYED, …) all mean the same.
  return error?.code === undefined || error.code.startsWith("ERR_") ? "CLOSED" : error.code;
}
