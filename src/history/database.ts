/** SQLite as the history uses it. Two drivers provide it and behave alike: node-driver.ts and libsql-driver.ts. */

export const DRIVER_NAMES = ['node:sqlite', 'libsql'] as const;

export type DriverName = (typeof DRIVER_NAMES)[number];

/** Numbers are bound as REAL; a column of INTEGER affinity stores them as integers where they are whole. */
export type SqlValue = number | string | Uint8Array | null;

/** By position, or one object by name: `{ node: 5 }` for `@node`. An object names every parameter and nothing else. */
export type Bound = readonly SqlValue[] | readonly [Readonly<Record<string, SqlValue>>];

/** What a column holds when it is read. Integers beyond 2^53 are rounded. */
export type Cell = number | string | Buffer | null;

export type Row = Readonly<Record<string, Cell>>;

export interface Statement {
  /** Returns the number of rows that were changed. */
  run(...bound: Bound): number;
  get(...bound: Bound): Row | undefined;
  all(...bound: Bound): Row[];
  /** The first column of the first row; undefined without a row. */
  value(...bound: Bound): Cell | undefined;
}

/** All methods throw a `DatabaseError` for what SQLite refuses. */
export interface Database {
  prepare(sql: string): Statement;
  /** Runs statements whose rows are not needed. */
  exec(sql: string): void;
  /** Rolls back what was not committed; may be called again. The file may stay open until the caller's turn of the event loop has ended. */
  close(): void;
}

export interface OpenOptions {
  readonly isReadOnly?: boolean;
  /** How long a statement waits for another connection's lock. */
  readonly busyTimeoutMs?: number;
}

export interface SqliteDriver {
  readonly name: DriverName;
  open(file: string, options?: OpenOptions): Database;
}

/** SQLite's primary result codes, by number. */
const CODES = [
  'OK',
  'ERROR',
  'INTERNAL',
  'PERM',
  'ABORT',
  'BUSY',
  'LOCKED',
  'NOMEM',
  'READONLY',
  'INTERRUPT',
  'IOERR',
  'CORRUPT',
  'NOTFOUND',
  'FULL',
  'CANTOPEN',
  'PROTOCOL',
  'EMPTY',
  'SCHEMA',
  'TOOBIG',
  'CONSTRAINT',
  'MISMATCH',
  'MISUSE',
  'NOLFS',
  'AUTH',
  'FORMAT',
  'RANGE',
  'NOTADB',
] as const;

export class DatabaseError extends Error {
  /** `SQLITE_FULL`, `SQLITE_BUSY` …: of an extended code, the primary one. */
  readonly code: string;

  /** `resultCode`: SQLite's, primary or extended. */
  constructor(message: string, resultCode: number) {
    super(message);
    this.name = 'DatabaseError';
    this.code = `SQLITE_${CODES[resultCode & 0xff] ?? 'ERROR'}`;
  }
}

/**
 * Runs `work` in a transaction: all of it is stored, or nothing. Transactions do not nest. Every write belongs in one: it
 * takes the write lock first, since libsql leaves a statement that had to wait for it in progress, and then no transaction
 * can be committed.
 */
export function inTransaction<Result>(database: Database, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back already, as it does when the disk is full.
  }
}
