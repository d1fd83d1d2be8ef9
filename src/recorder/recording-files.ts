import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Counters } from '../base/counters.js';
import { errorText } from '../base/errors.js';
import type { Log } from '../base/log.js';

export interface RecordingFilesOptions {
  readonly directory: string;
  /** Total bytes of all files. */
  readonly limit: number;
  /** Written at the start of each file. */
  readonly head: Buffer;
  readonly log: Log;
}

const NAME = /^meshgate-(\d{8})\.mgrec$/;
/** The limit is divided among this many files; the oldest is deleted as a unit. */
const FILES = 16;
/** Bytes that may wait for a slow disk. */
const MAX_WAITING = 4_194_304;
const FILE_MODE = 0o640;

const COUNTED = ['bytes', 'files', 'removed', 'droppedBlocks', 'failures'] as const;

interface Kept {
  readonly path: string;
  size: number;
}

/** Keeps blocks on disk in files of limited size, deleting the oldest. Blocks that can't be written are counted. */
export class RecordingFiles {
  readonly #options: RecordingFilesOptions;
  readonly #counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  /** Oldest first; while `#file` is open, the last is being written. */
  #kept: Kept[] | undefined;
  #lastNumber = 0;
  #file: FileHandle | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: RecordingFilesOptions) {
    this.#options = options;
  }

  counters() {
    return { ...this.#counters.snapshot(), waitingBytes: this.#waitingBytes };
  }

  /** Queues a block for writing. */
  add(block: Buffer): void {
    if (this.#waitingBytes + block.length > MAX_WAITING) {
      this.#counters.add('droppedBlocks');
      return;
    }
    this.#waiting.push(block);
    this.#waitingBytes += block.length;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything has been written. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const blocks = this.#waiting;
      this.#waiting = [];
      await this.#write(Buffer.concat(blocks)).then(
        () => this.#onWritten(),
        (error: unknown) => this.#onFailed(error, blocks.length),
      );
      this.#waitingBytes = this.#waiting.reduce((sum, { length }) => sum + length, 0);
    }
    this.#writing = undefined;
  }

  /** A failed write counts with its full size, since part of it may be in the file. */
  async #write(bytes: Buffer): Promise<void> {
    const file = await this.#fileFor(bytes.length);
    const current = this.#kept?.at(-1);
    if (current) current.size += bytes.length;
    await file.writeFile(bytes);
    this.#counters.add('bytes', bytes.length);
  }

  async #fileFor(length: number): Promise<FileHandle> {
    const size = this.#kept?.at(-1)?.size ?? 0;
    if (this.#file && size + length <= this.#options.limit / FILES) return this.#file;
    await this.#file?.close();
    this.#file = undefined;
    this.#kept ??= await this.#findKept();
    await this.#makeRoom(this.#kept);
    this.#file = await this.#begin(this.#kept);
    return this.#file;
  }

  async #begin(kept: Kept[]): Promise<FileHandle> {
    const { directory, head } = this.#options;
    const name = `meshgate-${String(++this.#lastNumber).padStart(8, '0')}.mgrec`;
    const path = join(directory, name);
    const file = await open(path, 'ax', FILE_MODE);
    try {
      await file.writeFile(head);
    } catch (error) {
      await file.close().catch(() => {});
      await unlink(path);
      throw error;
    }
    kept.push({ path, size: head.length });
    this.#counters.add('files');
    return file;
  }

  /** Includes the files of earlier runs. */
  async #findKept(): Promise<Kept[]> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true });
    const names = (await readdir(directory)).filter((name) => NAME.test(name)).sort();
    this.#lastNumber = Number(NAME.exec(names.at(-1) ?? '')?.[1] ?? 0);
    return Promise.all(
      names.map(async (name) => {
        const path = join(directory, name);
        return { path, size: (await stat(path)).size };
      }),
    );
  }

  /** Deletes the oldest files until one more file fits. */
  async #makeRoom(kept: Kept[]): Promise<void> {
    const { limit } = this.#options;
    let total = kept.reduce((sum, { size }) => sum + size, 0);
    for (let oldest = kept[0]; oldest && total > limit - limit / FILES; oldest = kept[0]) {
      await unlink(oldest.path).catch(ignoreMissing);
      kept.shift();
      total -= oldest.size;
      this.#counters.add('removed');
    }
  }

  #onWritten(): void {
    if (this.#isFailing) this.#options.log.info('recording to disk works again');
    this.#isFailing = false;
  }

  /** A block may be written in part, so the next ones go into a new file. */
  async #onFailed(error: unknown, blocks: number): Promise<void> {
    this.#counters.add('failures');
    this.#counters.add('droppedBlocks', blocks);
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { directory, log } = this.#options;
    log.info(`can't record to ${directory}, retrying: ${errorText(error)}`);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
