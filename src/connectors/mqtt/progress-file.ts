import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { CancelTimer, Clock } from '../../base/clock.js';
import { errorText, systemErrorCode } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

const WRITE_EVERY_MS = 1000;

/**
 * The number of the last event that the broker has, in a small file, written at most once a second. After a restart
 * the broker is told what comes behind it, or which range is gone. Another broker, or another id there, has none of it:
 * the file says whose number it is.
 */
export class ProgressFile {
  readonly #file: string;
  readonly #place: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #seq: number | undefined;
  #cancelWrite: CancelTimer | undefined;

  /** `place`: the broker, and what this gateway is there. */
  constructor(file: string, place: string, clock: Clock, log: Log) {
    this.#file = file;
    this.#place = place;
    this.#clock = clock;
    this.#log = log;
  }

  /** Undefined when there is none of this place, or none that can be read. */
  read(): number | undefined {
    try {
      const { acknowledged, at } = JSON.parse(readFileSync(this.#file, 'utf8')) ?? {};
      const seq = Number(acknowledged);
      return at === this.#place && Number.isSafeInteger(seq) && seq >= 0 ? seq : undefined;
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') this.#complain(error);
      return undefined;
    }
  }

  /** To be kept; `seq`: the last event that the broker has. */
  set(seq: number): void {
    this.#seq = seq;
    this.#cancelWrite ??= this.#clock.after(WRITE_EVERY_MS, () => this.flush());
  }

  /** Writes what is not written yet. */
  flush(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    if (this.#seq === undefined) return;
    try {
      makeDirectories(dirname(resolve(this.#file)));
      writeFileSync(`${this.#file}.new`, `${JSON.stringify({ at: this.#place, acknowledged: this.#seq })}\n`);
      renameSync(`${this.#file}.new`, this.#file);
      this.#seq = undefined;
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    this.#log.warn('progress file', `${this.#file}: ${errorText(error)}`);
  }
}

/** One by one: Node's own way to make several never ends below /proc. */
function makeDirectories(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectories(dirname(directory));
  mkdirSync(directory);
}
