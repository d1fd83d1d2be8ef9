/**
 * Cuts a stream of bytes into lines at a terminator. Holds one line at most: of a longer one the rest is discarded, up to
 * the next terminator.
 */
export interface LineSplitterOptions {
  readonly terminator: Buffer;
  /** Bytes of a line, without its terminator. */
  readonly maxLength: number;
  /** The line is valid only until the call returns. */
  readonly onLine: (line: Buffer) => void;
  readonly onTooLong: () => void;
}

const LF = 0x0a;
const CR = 0x0d;

export class LineSplitter {
  readonly #options: LineSplitterOptions;
  #rest: Buffer = Buffer.alloc(0);
  #isDiscarding = false;

  constructor(options: LineSplitterOptions) {
    this.#options = options;
  }

  /** Forgets an unfinished line. */
  reset(): void {
    this.#rest = Buffer.alloc(0);
    this.#isDiscarding = false;
  }

  push(chunk: Buffer): void {
    const { terminator } = this.#options;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(terminator, start);
      if (end === -1) break;
      this.#take(bytes.subarray(start, end));
      start = end + terminator.length;
    }
    this.#keep(bytes.subarray(start));
  }

  #take(line: Buffer): void {
    if (this.#isDiscarding) {
      this.#isDiscarding = false;
      return;
    }
    const { maxLength, onLine, onTooLong } = this.#options;
    const content = this.#withoutReturn(line);
    if (content.length > maxLength) onTooLong();
    else onLine(content);
  }

  /** Lines that end with CR LF are cut at LF. */
  #withoutReturn(line: Buffer): Buffer {
    const { terminator } = this.#options;
    const endsWithReturn = terminator.length === 1 && terminator[0] === LF && line.at(-1) === CR;
    return endsWithReturn ? line.subarray(0, -1) : line;
  }

  /** Of a line that is too long, only what may be the beginning of a terminator. */
  #keep(rest: Buffer): void {
    const { terminator, maxLength, onTooLong } = this.#options;
    if (rest.length <= maxLength + terminator.length) {
      this.#rest = Buffer.from(this.#isDiscarding ? tail(rest, terminator.length - 1) : rest);
      return;
    }
    if (!this.#isDiscarding) onTooLong();
    this.#isDiscarding = true;
    this.#rest = Buffer.from(tail(rest, terminator.length - 1));
  }
}

function tail(bytes: Buffer, length: number): Buffer {
  return bytes.subarray(Math.max(0, bytes.length - length));
}
