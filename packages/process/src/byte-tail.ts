/** The last bytes of a stream, in bounded memory. */
export class ByteTail {
  readonly #limitBytes: number;
  #bytes = Buffer.alloc(0);
  #isCut = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length + this.#bytes.length <= this.#limitBytes) {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      return;
    }
    this.#isCut = true;
    const kept = Math.max(0, this.#limitBytes - chunk.length);
    const start = this.#bytes.length - Math.min(kept, this.#bytes.length);
    const end = chunk.subarray(Math.max(0, chunk.length - this.#limitBytes));
    this.#bytes = Buffer.concat([this.#bytes.subarray(start), end]);
  }

  /** As text; where the beginning was cut, it begins at a whole character. */
  get text(): string {
    let from = 0;
    // At most three bytes of a character can follow its first one.
    while (this.#isCut && from < 3 && isContinuation(this.#bytes[from])) from += 1;
    return this.#bytes.toString("utf8", from);
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}
