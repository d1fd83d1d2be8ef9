import { cleanText } from '../base/clean-text.js';

/** A longer line comes out in pieces of this many bytes: ESP-IDF's longest log lines are about 250. */
export const MAX_CONSOLE_LINE_LENGTH = 512;

const LINE_FEED = 0x0a;

/** Puts console text (boot log, ESP-IDF log lines) together to lines. Empty lines are left out. */
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

  /** Ends the line that is under way: nothing more of it may be coming. */
  flush(): void {
    const line = cleanText(this.#held.toString('utf8', 0, this.#length));
    this.#length = 0;
    if (line !== '') this.#onLine(line);
  }
}
