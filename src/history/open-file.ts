/** An open store file, and whether its path still leads to it. */
import { type BigIntStats, rmSync, statSync } from 'node:fs';
import type { DataTypes } from '../protocol/data-types.js';
import { ArrivalBlocks } from './arrival-blocks.js';
import type { Database, SqliteDriver, Statement } from './database.js';
import { openDatabase, type SetAside } from './open-database.js';
import { Retention } from './retention.js';
import { StoreWriter } from './store-writer.js';
import type { StoreSettings } from './thread-messages.js';

export interface OpenFileOptions {
  readonly driver: SqliteDriver;
  readonly settings: StoreSettings;
  readonly dataTypes: DataTypes;
  /** ms since the epoch, host clock. */
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** Changes by others to an open file: SQLite keeps writing to the old file, which no longer has its name. */
export const FILE_LOSSES = {
  removed: 'its file was removed or moved away',
  replaced: 'its file was replaced by another one',
  truncated: 'its file was truncated',
  journalLost: 'its -wal or -shm file was removed or replaced',
} as const;

export type FileLoss = keyof typeof FILE_LOSSES;

const JOURNALS = ['-wal', '-shm'] as const;

export class OpenFile {
  readonly database: Database;
  readonly writer: StoreWriter;
  readonly retention: Retention;
  /** The file that could not be used, and why. */
  readonly setAside: SetAside | undefined;
  readonly #path: string;
  readonly #identity: string;
  /** Identities of the journals, by suffix. */
  readonly #journals: ReadonlyMap<string, string>;
  readonly #neededSize: Statement;
  /** Bytes; SQLite shortens the file only when it has fewer pages. */
  #size = 0;

  /** Throws if neither this file nor a new one can be opened. */
  constructor({ driver, settings, dataTypes, now, monotonic }: OpenFileOptions) {
    const { file } = settings;
    const { database, setAside } = openDatabase(driver, file, dataTypes.all(), now());
    this.database = database;
    this.setAside = setAside;
    this.#path = file;
    try {
      const blocks = new ArrivalBlocks(database, settings, monotonic);
      this.writer = new StoreWriter(database, dataTypes, settings.eventsHeld, blocks);
      this.retention = new Retention(database, settings, blocks);
      this.#neededSize = database.prepare(
        'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size',
      );
      this.#identity = identityOf(file) ?? '';
      this.#journals = new Map(JOURNALS.map((suffix) => [suffix, identityOf(file + suffix) ?? '']));
      this.noteSize();
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** What happened to the file since the last call; undefined if nothing did. */
  findLoss(): FileLoss | undefined {
    const found = statOf(this.#path);
    if (!found) return 'removed';
    if (identity(found) !== this.#identity) return 'replaced';
    if (this.#isTruncated(Number(found.size))) return 'truncated';
    for (const [suffix, known] of this.#journals) {
      if ((identityOf(this.#path + suffix) ?? '') !== known) return 'journalLost';
    }
    return undefined;
  }

  /** A checkpoint by another program may shorten the file to the size of its pages. */
  #isTruncated(size: number): boolean {
    return size < this.#size && (size === 0 || size < Number(this.#neededSize.value()));
  }

  /** To be called after each change by this process. */
  noteSize(): void {
    this.#size = Number(statOf(this.#path)?.size ?? 0);
  }

  /** Writes the journal into the file first, so that a file that was moved is complete. */
  close(): void {
    try {
      this.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Data that can not be written is lost with the file.
    }
    const hasMoved = identityOf(this.#path) !== this.#identity;
    this.database.close();
    if (hasMoved) this.#removeJournals();
  }

  /** SQLite would apply them to the next file of this name. */
  #removeJournals(): void {
    for (const [suffix, known] of this.#journals) {
      if (identityOf(this.#path + suffix) === known) rmSync(this.#path + suffix, { force: true });
    }
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
    // The directory was replaced, or may not be entered: for this process the file is gone.
    return undefined;
  }
}
