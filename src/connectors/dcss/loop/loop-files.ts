/** Images and results of the last collection, in a directory of the settings; names are its own. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../../base/errors.js';
import type { Log } from '../../../base/log.js';

/** Images that wait for the disk. */
const MAX_WAITING = 64;
const RESULTS = 'loop_info.csv';

export class LoopFiles {
  readonly #directory: string;
  readonly #log: Log;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  readonly #counts = { files: 0, failed: 0, dropped: 0 };

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  counters() {
    return { waiting: this.#waiting, ...this.#counts };
  }

  /** A new collection: its files replace those of the one before. */
  begin(): void {
    this.#do(async () => {
      await mkdir(this.#directory, { recursive: true });
      await writeFile(join(this.#directory, RESULTS), '');
    });
  }

  /** `index`: from 1. */
  image(index: number, bytes: Buffer, mediaType: string): void {
    const extension = mediaType === 'image/png' ? 'png' : 'jpeg';
    const name = `loop_${String(index).padStart(4, '0')}.${extension}`;
    this.#do(() => writeFile(join(this.#directory, name), bytes));
  }

  result(words: readonly string[]): void {
    this.#do(() => appendFile(join(this.#directory, RESULTS), `${words.join(',')}\n`));
  }

  /** Resolves when nothing waits any more. */
  finished(): Promise<void> {
    return this.#last;
  }

  #do(write: () => Promise<void>): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#counts.dropped++;
      return;
    }
    this.#waiting++;
    this.#last = this.#last.then(write).then(
      () => this.#onDone(undefined),
      (error: unknown) => this.#onDone(errorText(error)),
    );
  }

  #onDone(fault: string | undefined): void {
    this.#waiting--;
    this.#counts[fault === undefined ? 'files' : 'failed']++;
    if (fault !== undefined) this.#log.warn('save', `can't save images of loops: ${fault}`);
  }
}
