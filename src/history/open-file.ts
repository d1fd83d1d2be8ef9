/** One store file while it is open: what works on it, and whether the path still leads to it. */
import { type BigIntStats, rmSync, statSync } from 'node:fs';
import type Sqlite from 'better-sqlite3';
import type { DataTypes } from '../protocol/data-types.js';
import { ArrivalBlocks } from './arrival-blocks.js';
import { type OpenSqlite, openDatabase, type SetAside } from './database.js';
import { Retention } from './retention.js';
import { StoreWriter } from './store-writer.js';
import type { StoreSettings } from './thread-messages.js';

export interface OpenFileOptions {
  readonly sqlite: OpenSqlite;
  readonly settings: StoreSettings;
  readonly dataTypes: DataTypes;
  /** ms since the epoch, host clock. */
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** What somebody else has done to a file that is open: SQLite goes on writing to what no longer has its name. */
export const FILE_LOSSES = {
  removed: 'its file was removed or moved away',
  replaced: 'another file was put in its place',
  truncated: 'its file was cut off',
  journalLost: 'its -wal or -shm file was removed or replaced',
} as const;

export type FileLoss = keyof typeof FILE_LOSSES;

const JOURNALS = ['-wal', '-shm'] as const;

export class OpenFile {
  readonly database: Sqlite.Database;
  readonly writer: StoreWriter;
  readonly retention: Retention;
  /** What was set aside, and why, where the file could not be used. */
  readonly setAside: SetAside | undefined;
  readonly #path: string;
  readonly #identity: string;
  /** Of the journals, by suffix. */
  readonly #journals: ReadonlyMap<string, string>;
  /** Bytes; SQLite makes it shorter only when there are fewer pages. */
  #size = 0;

  /** Throws what the system says when neither this file nor a new one can be opened. */
  constructor({ sqlite, settings, dataTypes, now, monotonic }: OpenFileOptions) {
    const { file } = settings;
    const { database, setAside } = openDatabase(sqlite, file, dataTypes.all(), now());
    this.database = database;
    this.setAside = setAside;
    this.#path = file;
    try {
      const blocks = new ArrivalBlocks(database, settings, monotonic);
      this.writer = new StoreWriter(database, dataTypes, settings.eventsHeld, blocks);
      this.retention = new Retention(database, settings, blocks);
      this.#identity = identityOf(file) ?? '';
      this.#journals = new Map(JOURNALS.map((suffix) => [suffix, identityOf(file + suffix) ?? '']));
      this.noteSize();
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** True for a file without a word of an earlier run. */
  get isNew(): boolean {
    return this.database.prepare("SELECT 1 FROM meta WHERE name = 'next_seq'").get() === undefined;
  }

  /** What became of the file since it was looked at last; undefined while all is well. */
  findLoss(): FileLoss | undefined {
    const found = statOf(this.#path);
    if (!found) return 'removed';
    if (identity(found) !== this.#identity) return 'replaced';
    if (this.#isCutOff(Number(found.size))) return 'truncated';
    for (const [suffix, known] of this.#journals) {
      if ((identityOf(this.#path + suffix) ?? '') !== known) return 'journalLost';
    }
    return undefined;
  }

  /** A checkpoint of another program makes it as short as its pages need. */
  #isCutOff(size: number): boolean {
    return size < this.#size && (size === 0 || size < this.#neededSize());
  }

  /** To be called after each change that this process has made. */
  noteSize(): void {
    this.#size = Number(statOf(this.#path)?.size ?? 0);
  }

  /** Closes it; what of it no longer has its name is made whole first, so that a file that was moved can be read. */
  close(): void {
    try {
      this.database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // What can't be written is lost with the file.
    }
    const isGone = identityOf(this.#path) !== this.#identity;
    this.database.close();
    if (isGone) this.#removeJournals();
  }

  /** SQLite would take them for the journals of the next file of this name. */
  #removeJournals(): void {
    for (const [suffix, known] of this.#journals) {
      if (identityOf(this.#path + suffix) === known) rmSync(this.#path + suffix, { force: true });
    }
  }

  #neededSize(): number {
    const pragma = (name: string) => this.database.pragma(name, { simple: true }) as number;
    return pragma('page_count') * pragma('page_size');
  }
}

function identityOf(path: string): string | undefined {
  const found = statOf(path);
  return found && identity(found);
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Not a directory any more, or not to be entered: to this process it is gone.
    return undefined;
  }
}
