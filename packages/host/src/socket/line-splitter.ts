/** A whole line, or the size of one that was too long and is not kept. */
export type SplitLine = { readonly line: Buffer } | { readonly droppedBytes: number };

const lineEnd = 0x0a;

/** Cuts bytes into lines. What is over the limit is counted and dropped up to the next line end. */
export class LineSplitter {
  /** May be raised between two chunks. */
  limitBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  *push(chunk: Buffer): Generator<SplitLine> {
    let start = 0;
    for (let end = chunk.indexOf(lineEnd); end !== -1; end = chunk.indexOf(lineEnd, start)) {
      this.#take(chunk.subarray(start, end));
      start = end + 1;
      yield this.#finish();
    }
    this.#take(chunk.subarray(start));
  }

  #take(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.limitBytes) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #finish(): SplitLine {
    const bytes = this.#bytes;
    const parts = this.#parts;
    this.#bytes = 0;
    this.#parts = [];
    return bytes > this.limitBytes ? { droppedBytes: bytes } : { line: Buffer.concat(parts) };
  }
}
