const LINE_FEED = 0x0a;
/** Enough for most lines; the buffer shrinks back after a longer line. */
const INITIAL_CAPACITY = 4096;

/** Splits a stream into lines; grows by doubling, so that a line that arrives byte by byte costs no more. */
export class LineBuffer {
  readonly #onLine: (line: Buffer) => void;
  #buffer = Buffer.allocUnsafeSlow(INITIAL_CAPACITY);
  #length = 0;

  /** `onLine`: gets the line without its line feed; the buffer is valid only until it returns. */
  constructor(onLine: (line: Buffer) => void) {
    this.#onLine = onLine;
  }

  /** Bytes of the incomplete line. */
  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      this.#takeLine(chunk.subarray(from, end));
      from = end + 1;
    }
    if (from < chunk.length) this.#append(chunk.subarray(from));
  }

  /** End of input: an incomplete last line counts as a line. */
  finish(): void {
    if (this.#length > 0) this.#takeLine(Buffer.alloc(0));
  }

  #takeLine(end: Buffer): void {
    if (this.#length === 0) {
      this.#onLine(end);
      return;
    }
    this.#append(end);
    const line = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    this.#onLine(line);
    if (this.#buffer.length > INITIAL_CAPACITY) this.#buffer = Buffer.allocUnsafeSlow(INITIAL_CAPACITY);
  }

  #append(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) this.#grow(needed);
    bytes.copy(this.#buffer, this.#length);
    this.#length = needed;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
