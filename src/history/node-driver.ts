/** SQLite as part of Node: 22.13 and newer. */
import {
  type Bound,
  type Cell,
  type Database,
  DatabaseError,
  type Row,
  type SqliteDriver,
} from './database.js';

/** The parts of `node:sqlite` that are used: the types of Node 20 lack it. */
interface NodeSqlite {
  readonly DatabaseSync: new (file: string, options: { readonly readOnly: boolean }) => NativeDatabase;
}

interface NativeDatabase {
  prepare(sql: string): NativeStatement;
  exec(sql: string): void;
  close(): void;
}

interface NativeStatement {
  run(...bound: Bound): { readonly changes: number | bigint };
  get(...bound: Bound): NativeRow | undefined;
  all(...bound: Bound): NativeRow[];
  setReadBigInts(isOn: boolean): void;
}

type NativeCell = number | bigint | string | Uint8Array | null;
type NativeRow = Readonly<Record<string, NativeCell>>;

/** Undefined where this Node has no SQLite, or only with a flag. */
export function nodeDriver(): SqliteDriver | undefined {
  const sqlite = withoutExperimentalWarning(() => process.getBuiltinModule('node:sqlite')) as
    | NodeSqlite
    | undefined;
  if (!sqlite) return undefined;
  return {
    name: 'node:sqlite',
    open(file, { isReadOnly = false, busyTimeoutMs = 0 } = {}) {
      const database = new NodeDatabase(
        orDatabaseError(() => new sqlite.DatabaseSync(file, { readOnly: isReadOnly })),
      );
      database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      return database;
    },
  };
}

/** Node 22 warns of its SQLite when it is loaded; every other warning goes through. */
function withoutExperimentalWarning<Result>(load: () => Result): Result {
  const { emitWarning } = process;
  const filtered = (warning: string | Error, ...details: unknown[]) => {
    const isOfSqlite = details[0] === 'ExperimentalWarning' && String(warning).startsWith('SQLite ');
    if (!isOfSqlite) Reflect.apply(emitWarning, process, [warning, ...details]);
  };
  process.emitWarning = filtered;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

class NodeDatabase implements Database {
  readonly #native: NativeDatabase;
  #isOpen = true;

  constructor(native: NativeDatabase) {
    this.#native = native;
  }

  prepare(sql: string): NodeStatement {
    return new NodeStatement(orDatabaseError(() => this.#native.prepare(sql)));
  }

  exec(sql: string): void {
    orDatabaseError(() => this.#native.exec(sql));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#native.close();
  }
}

class NodeStatement {
  readonly #native: NativeStatement;

  constructor(native: NativeStatement) {
    this.#native = native;
  }

  run(...bound: Bound): number {
    try {
      return Number(this.#native.run(...bound).changes);
    } catch (error) {
      throw databaseError(error);
    }
  }

  get(...bound: Bound): Row | undefined {
    const row = this.#read(() => this.#native.get(...bound));
    return row && rowOf(row);
  }

  all(...bound: Bound): Row[] {
    return this.#read(() => this.#native.all(...bound)).map(rowOf);
  }

  value(...bound: Bound): Cell | undefined {
    const row = this.#read(() => this.#native.get(...bound));
    for (const name in row) return cellOf(row[name] ?? null);
    return undefined;
  }

  /** Integers that a number does not hold exactly are an error here, unless all integers are read as bigint. */
  #read<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (!isOutOfRange(error)) throw databaseError(error);
    }
    this.#native.setReadBigInts(true);
    try {
      return orDatabaseError(read);
    } finally {
      this.#native.setReadBigInts(false);
    }
  }
}

function rowOf(native: NativeRow): Row {
  const row: Record<string, Cell> = {};
  for (const name in native) row[name] = cellOf(native[name] ?? null);
  return row;
}

function cellOf(cell: NativeCell): Cell {
  if (cell instanceof Uint8Array) return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
  return typeof cell === 'bigint' ? Number(cell) : cell;
}

function orDatabaseError<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw databaseError(error);
  }
}

/** `ERR_SQLITE_ERROR` has SQLite's result code; other errors are mistakes of the caller. */
function databaseError(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
  return new DatabaseError(error.message, error.errcode);
}

function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}
