const newline = 10;
const carriageReturn = 13;
/** A buffer that a long line has grown beyond this is given back after it. */
const keptBytes = 1024 * 1024;

/**
 * Cuts a stream of bytes into lines of text. A line is decoded when it is whole, so a character that arrives in two
 * pieces is read correctly; what is no UTF-8 becomes U+FFFD.
 */
export class LineSplitter {
  readonly #limitBytes: number;
  #unfinished = Buffer.alloc(0);
  #length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** @returns false as soon as a line is longer than the limit; the lines before it have been given out */
  push(chunk: Buffer, onLine: (line: string) => void): boolean {
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      if (this.#length + at - from > this.#limitBytes) return false;
      onLine(this.#take(chunk, from, at));
      from = at + 1;
    }
    if (this.#length + chunk.length - from > this.#limitBytes) return false;
    this.#keep(chunk, from);
    return true;
  }

  /** @returns what came after the last line end, if anything */
  flush(): string | undefined {
    const line = this.#length === 0 ? undefined : this.#take(Buffer.alloc(0), 0, 0);
    this.#unfinished = Buffer.alloc(0);
    return line;
  }

  #take(chunk: Buffer, from: number, to: number): string {
    if (this.#length === 0) return textOf(chunk, from, to);
    this.#keep(chunk.subarray(0, to), from);
    const line = textOf(this.#unfinished, 0, this.#length);
    this.#length = 0;
    if (this.#unfinished.length > keptBytes) this.#unfinished = Buffer.alloc(0);
    return line;
  }

  /** Grows by doubling: a line that comes byte by byte costs no more than its length, in time and in memory. */
  #keep(chunk: Buffer, from: number): void {
    const length = this.#length + chunk.length - from;
    if (length > this.#unfinished.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, this.#unfinished.length * 2));
      this.#unfinished.copy(grown, 0, 0, this.#length);
      this.#unfinished = grown;
    }
    chunk.copy(this.#unfinished, this.#length, from);
    this.#length = length;
  }
}

function textOf(bytes: Buffer, from: number, to: number): string {
  const end = to > from && bytes[to - 1] === carriageReturn ? to - 1 : to;
  return bytes.toString("utf8", from, end);
}
