import type Sqlite from 'better-sqlite3';
import { errorText } from '../errors.js';
import type { DataTypes } from '../protocol/data-types.js';
import { isDamage, type OpenSqlite, openDatabase, putAside } from './database.js';
import { type PackedRestored, packRestored } from './restored.js';
import { Retention } from './retention.js';
import { StoreWriter } from './store-writer.js';
import type { FromThread, StoreSettings } from './thread-messages.js';

/** Batches that wait while the disk is full or writing fails otherwise: some minutes of a busy mesh. */
const MAX_WAITING_BYTES = 33_554_432;

export interface StoreParts {
  readonly sqlite: OpenSqlite;
  readonly settings: StoreSettings;
  readonly dataTypes: DataTypes;
  /** ms since the epoch, host clock. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly tell: (message: FromThread) => void;
}

interface Batch {
  readonly bytes: Uint8Array;
  /** Events in it. */
  readonly count: number;
}

/** The store as its thread runs it: writes what comes, in order, through full disks and damaged files. */
export class Store {
  readonly restored: PackedRestored | undefined;
  readonly #parts: StoreParts;
  readonly #waiting: Batch[] = [];
  readonly #openedAt: number;
  /** ms since the epoch of the newest that was in the store when it was opened. */
  readonly #newestAtStart: number;
  #waitingBytes = 0;
  #isFailing = false;
  #database!: Sqlite.Database;
  #writer!: StoreWriter;
  #retention!: Retention;

  /** Throws what the system says when no file can be opened. */
  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#open();
    this.restored = this.#readRestored();
    this.#openedAt = parts.monotonic();
    this.#newestAtStart = this.#retention.newest() ?? parts.now();
  }

  /**
   * Takes a batch, and writes what waits. While writing fails it only waits: an attempt may take as long as the file is
   * locked, and a stop must not stand in a queue of them.
   */
  write(batch: Batch): void {
    this.#waiting.push(batch);
    this.#waitingBytes += batch.bytes.length;
    if (this.#isFailing) this.#dropOldest();
    else this.writeWaiting();
  }

  /** To be called now and then while writing fails. */
  writeWaiting(): void {
    try {
      while (this.#waiting[0]) this.#writeFirst(this.#waiting[0]);
      if (this.#isFailing) this.#parts.tell({ kind: 'recovered' });
      this.#isFailing = false;
    } catch (error) {
      this.#onFailure(error);
    }
  }

  /** Deletes some of what is too old or too much. Returns true when there may be more to do at once. */
  tidy(): boolean {
    try {
      return this.#retention.step(this.#steadyNow());
    } catch (error) {
      this.#onFailure(error);
      return false;
    }
  }

  /** The file was found to be damaged: it is set aside, and a new one begun. */
  replace(why: string): void {
    const { settings, now, tell } = this.#parts;
    this.#database.close();
    tell({ kind: 'setAside', file: putAside(settings.file, now()), why });
    this.#open();
  }

  /** Writes what waits if it can be, and the last word of this run. */
  close(lastSeq: number): void {
    this.writeWaiting();
    try {
      if (this.#waiting.length === 0) this.#writer.finish(lastSeq);
    } finally {
      this.#database.close();
    }
  }

  #open(): void {
    const { sqlite, settings, dataTypes, now, tell } = this.#parts;
    const { database, setAside } = openDatabase(sqlite, settings.file, dataTypes.all(), now());
    if (setAside) tell({ kind: 'setAside', ...setAside });
    this.#database = database;
    this.#writer = new StoreWriter(database, dataTypes, settings.eventsHeld);
    this.#retention = new Retention(database, settings);
  }

  #readRestored(): PackedRestored | undefined {
    try {
      return packRestored(this.#database);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.replace(errorText(error));
      return undefined;
    }
  }

  #writeFirst({ bytes, count }: Batch): void {
    const { lastSeq, values } = this.#writer.write(bytes);
    this.#waiting.shift();
    this.#waitingBytes -= bytes.length;
    this.#parts.tell({ kind: 'written', bytes: bytes.length, events: count, lastSeq, values });
  }

  #onFailure(error: unknown): void {
    if (isDamage(error)) {
      this.replace(errorText(error));
      return;
    }
    if (!this.#isFailing) this.#parts.tell({ kind: 'failing', why: errorText(error) });
    this.#isFailing = true;
    this.#dropOldest();
  }

  #dropOldest(): void {
    while (this.#waitingBytes > MAX_WAITING_BYTES) {
      const batch = this.#waiting.shift();
      if (!batch) return;
      this.#waitingBytes -= batch.bytes.length;
      this.#parts.tell({ kind: 'dropped', bytes: batch.bytes.length, events: batch.count });
    }
  }

  /**
   * The time by which what is stored grows old. A host clock that jumps ahead must not delete the past: time goes on
   * from the newest that was stored, as fast as this process runs, and never ahead of the clock.
   */
  #steadyNow(): number {
    const { now, monotonic } = this.#parts;
    return Math.min(now(), this.#newestAtStart + monotonic() - this.#openedAt);
  }
}
