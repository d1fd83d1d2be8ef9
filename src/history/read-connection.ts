import { statSync } from 'node:fs';
import type { DataTypes } from '../protocol/data-types.js';
import type { Database, SqliteDriver } from './database.js';
import { EventWriter } from './event-record.js';
import { type Slices, type StoredPage, StoreReader } from './store-reader.js';
import type { Answer, Question } from './thread-messages.js';

/** In WAL mode a reader waits only for a connection that recovers the file after a crash. */
const BUSY_TIMEOUT_MS = 1000;
const CACHE_KIB = 4096;
const FIRST_PAGE_SIZE = 65_536;

export interface ReadConnectionOptions {
  readonly driver: SqliteDriver;
  readonly file: string;
  readonly dataTypes: DataTypes;
}

/** A read-only connection to the store. It reopens the file when the path leads to another one. */
export class ReadConnection {
  readonly #options: ReadConnectionOptions;
  #database: Database | undefined;
  #reader: StoreReader | undefined;
  /** Of the file that is open. */
  #identity = '';

  constructor(options: ReadConnectionOptions) {
    this.#options = options;
  }

  /** Throws a `DatabaseError` or the system's error, and so does the work. */
  *run(question: Question): Slices<Answer> {
    const reader = this.#open();
    switch (question.kind) {
      case 'read':
        return packPage(yield* reader.read(question.query, question.limit, question.after));
      case 'current':
        return packPage(yield* reader.current(question.query, question.time));
      case 'buckets':
        return { kind: 'buckets', ...(yield* reader.buckets(question.query, question.bucketMs)) };
    }
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#reader = undefined;
  }

  #open(): StoreReader {
    const { driver, file, dataTypes } = this.#options;
    const identity = identityOf(file);
    if (this.#reader && identity === this.#identity) return this.#reader;
    this.close();
    const database = driver.open(file, { isReadOnly: true, busyTimeoutMs: BUSY_TIMEOUT_MS });
    database.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    this.#database = database;
    this.#identity = identity;
    this.#reader = new StoreReader(database, dataTypes);
    return this.#reader;
  }
}

function identityOf(file: string): string {
  const { dev, ino } = statSync(file);
  return `${dev}:${ino}`;
}

function packPage({ values, ...page }: StoredPage): Answer {
  const writer = new EventWriter(FIRST_PAGE_SIZE);
  for (const { node, typeId, value } of values) writer.writeValue(node, typeId, value);
  return { kind: 'values', values: writer.take(), ...page };
}
