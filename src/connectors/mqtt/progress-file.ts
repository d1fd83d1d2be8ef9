import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { CancelTimer, Clock } from '../../base/clock.js';
import { errorText, systemErrorCode } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

const WRITE_EVERY_MS = 1000;

/**
 * Keeps the number of the last event that the broker has in a small file, written at most once a second. After a restart
 * publishing continues after that number, or a gap is reported. The file names the broker and the gateway's id there: the
 * number is ignored for any other.
 */
export class ProgressFile {
  readonly #file: string;
  readonly #target: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #seq: number | undefined;
  #cancelWrite: CancelTimer | undefined;

  /** `target`: the broker and the gateway's base topic there. */
  constructor(file: string, target: string, clock: Clock, log: Log) {
    this.#file = file;
    this.#target = target;
    this.#clock = clock;
    this.#log = log;
  }

  /** Undefined if the file is missing, unreadable or of another target. */
  read(): number | undefined {
    try {
      const { acknowledged, at } = JSON.parse(readFileSync(this.#file, 'utf8')) ?? {};
      const seq = Number(acknowledged);
      return at === this.#target && Number.isSafeInteger(seq) && seq >= 0 ? seq : undefined;
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') this.#warn(error);
      return undefined;
    }
  }

  /** `seq`: the last event that the broker has. */
  set(seq: number): void {
    this.#seq = seq;
    this.#cancelWrite ??= this.#clock.after(WRITE_EVERY_MS, () => this.flush());
  }

  /** Writes the number now if it is not written yet. */
  flush(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    if (this.#seq === undefined) return;
    try {
      makeDirectories(dirname(resolve(this.#file)));
      writeFileSync(
        `${this.#file}.new`,
        `${JSON.stringify({ at: this.#target, acknowledged: this.#seq })}\n`,
      );
      renameSync(`${this.#file}.new`, this.#file);
      this.#seq = undefined;
    } catch (error) {
      this.#warn(error);
    }
  }

  #warn(error: unknown): void {
    this.#log.warn('progress file', `${this.#file}: ${errorText(error)}`);
  }
}

/** One at a time: Node's recursive mkdir never returns below /proc. */
function makeDirectories(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectories(dirname(directory));
  mkdirSync(directory);
}
