/**
 * Readings by day: `yy-mm-dd[-virtual].tsv`, with a header and a line for each reading. Days and times are UTC.
 *
 *     timestamp<TAB>HV
 *     2026-11-29T12:13:57.000Z<TAB>1000.2
 */
import { appendFile, mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

/** A reading each 0.1 s of a day is 35 MB. */
const MAX_FILE_BYTES = 67_108_864;
/** The oldest beyond these are removed. */
const MAX_FILES = 400;
/** Lines that wait for a slow disk. */
const MAX_WAITING = 10_000;

const HEADER = 'timestamp\tHV\n';
const NAME = /^\d\d-\d\d-\d\d(?:-virtual)?\.tsv$/;

export class DailyFiles {
  readonly #directory: string;
  readonly #suffix: string;
  readonly #log: Log;
  #waiting: { readonly file: string; readonly line: string }[] = [];
  #writing: Promise<void> | undefined;
  /** The file written last, and its length. */
  #open: { readonly file: string; bytes: number } | undefined;
  #counts = { written: 0, dropped: 0, failed: 0 };

  constructor(directory: string, isVirtual: boolean, log: Log) {
    this.#directory = directory;
    this.#suffix = isVirtual ? '-virtual' : '';
    this.#log = log;
  }

  counters() {
    return { ...this.#counts };
  }

  add(at: number, volts: number): void {
    const time = new Date(at).toISOString();
    if (this.#waiting.length >= MAX_WAITING) {
      this.#counts.dropped++;
      return;
    }
    this.#waiting.push({ file: `${time.slice(2, 10)}${this.#suffix}.tsv`, line: `${time}\t${volts}\n` });
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      const { file } = first;
      const lines = this.#waiting.filter((waiting) => waiting.file === file).map(({ line }) => line);
      this.#waiting = this.#waiting.filter((waiting) => waiting.file !== file);
      await this.#append(file, lines);
    }
  }

  async #append(file: string, lines: readonly string[]): Promise<void> {
    try {
      const open = this.#open?.file === file ? this.#open : await this.#begin(file);
      const text = (open.bytes === 0 ? HEADER : '') + lines.join('');
      if (open.bytes + text.length > MAX_FILE_BYTES) {
        this.#counts.dropped += lines.length;
        return;
      }
      await appendFile(join(this.#directory, file), text);
      open.bytes += text.length;
      this.#counts.written += lines.length;
    } catch (error) {
      this.#open = undefined;
      this.#counts.failed += lines.length;
      this.#log.warn(
        'tsv',
        `can't write ${join(this.#directory, file)}: ${errorText(error)}; check dataforge.tsv`,
      );
    }
  }

  async #begin(file: string): Promise<{ readonly file: string; bytes: number }> {
    await mkdir(this.#directory, { recursive: true });
    await this.#removeOldest(file);
    const bytes = await stat(join(this.#directory, file)).then(
      ({ size }) => size,
      () => 0,
    );
    this.#open = { file, bytes };
    return this.#open;
  }

  async #removeOldest(file: string): Promise<void> {
    const own = (await readdir(this.#directory)).filter((name) => NAME.test(name) && name !== file);
    for (const name of own.sort().slice(0, Math.max(0, own.length + 1 - MAX_FILES)))
      await unlink(join(this.#directory, name));
  }
}
