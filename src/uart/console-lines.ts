import { cleanText } from '../base/clean-text.js';

/** Longer lines are split into pieces of this many bytes: ESP-IDF's longest log lines have about 250. */
export const MAX_CONSOLE_LINE_LENGTH = 512;

const LINE_FEED = 0x0a;

/** Splits console text (boot log, ESP-IDF log) into lines. Empty lines are omitted. */
export class ConsoleLines {
  readonly #onLine: (line: string) => void;
  readonly #held = Buffer.allocUnsafeSlow(MAX_CONSOLE_LINE_LENGTH);
  #length = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Buffer): void {
    for (const byte of bytes) {
      if (byte === LINE_FEED) {
        this.flush();
        continue;
      }
      if (this.#length === this.#held.length) this.flush();
      this.#held[this.#length++] = byte;
    }
  }

  /** Ends the current line: the rest of it may never come. */
  flush(): void {
    const line = cleanText(this.#held.toString('utf8', 0, this.#length));
    this.#length = 0;
    if (line !== '') this.#onLine(line);
  }
}
