/** SQLite from the package libsql, whose binaries are packages of their own: for a Node that has no SQLite. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type Libsql from 'libsql';
import {
  type Bound,
  type Cell,
  type Database,
  DatabaseError,
  type OpenOptions,
  type Row,
  type SqliteDriver,
  type Statement,
} from './database.js';

type NativeStatement = ReturnType<Libsql['prepare']>;

/** Time that a statement took, which libsql puts beside the columns. */
const METADATA = '_metadata';
const SQLITE_CANTOPEN = 14;

/** Rejects when the package, or its binary for this platform, is not installed. */
export async function libsqlDriver(): Promise<SqliteDriver> {
  const { default: Native } = await import('libsql');
  const collectGarbage = garbageCollector();
  return {
    name: 'libsql',
    open: (file, options = {}) => new LibsqlDatabase(openNative(Native, file, options), collectGarbage),
  };
}

/** It has no option for reading only, but takes SQLite's URIs. A path that is not absolute could look like one. */
function openNative(Native: typeof Libsql, file: string, options: OpenOptions): Libsql {
  const { isReadOnly = false, busyTimeoutMs = 0 } = options;
  const path = file === ':memory:' ? file : resolve(file);
  try {
    return new Native(isReadOnly ? `${pathToFileURL(path).href}?mode=ro` : path, { timeout: busyTimeoutMs });
  } catch (error) {
    throw openingError(error);
  }
}

/** `ConnectionFailed("Unable to open connection to local database PATH: 14")`: the number is SQLite's. */
function openingError(error: unknown): unknown {
  const code = error instanceof Error ? /: (\d+)"\)$/.exec(error.message)?.[1] : undefined;
  if (code === undefined) return databaseError(error);
  const text = Number(code) === SQLITE_CANTOPEN ? 'unable to open database file' : (error as Error).message;
  return new DatabaseError(text, Number(code));
}

/** V8's own, without a flag on the command line. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

class LibsqlDatabase implements Database {
  readonly #native: Libsql;
  readonly #collectGarbage: () => void;
  readonly #statements = new Set<LibsqlStatement>();
  #isOpen = true;

  constructor(native: Libsql, collectGarbage: () => void) {
    this.#native = native;
    this.#collectGarbage = collectGarbage;
  }

  prepare(sql: string): Statement {
    const statement = new LibsqlStatement(() => orDatabaseError(() => this.#native.prepare(sql)));
    this.#statements.add(statement);
    return statement;
  }

  exec(sql: string): void {
    orDatabaseError(() => this.#native.exec(sql));
  }

  /**
   * libsql closes the file when the last statement is garbage, not here. Collecting garbage now frees its locks, its
   * descriptors and the disk space of a file that was deleted at the end of this turn, not hours later.
   */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#rollBack();
    this.#native.close();
    for (const statement of this.#statements) statement.release();
    if (this.#statements.size > 0) this.#collectGarbage();
    this.#statements.clear();
  }

  #rollBack(): void {
    try {
      if (this.#native.inTransaction) this.#native.exec('ROLLBACK');
    } catch {
      // A disk that fails: the next connection rolls back what was not committed.
    }
  }
}

class LibsqlStatement implements Statement {
  readonly #prepare: () => NativeStatement;
  #native: NativeStatement | undefined;
  /** For `all`, which does not reset it: `get` on the same one would return a row for the values bound before. */
  #forAll: NativeStatement | undefined;

  constructor(prepare: () => NativeStatement) {
    this.#prepare = prepare;
    this.#native = prepare();
  }

  run(...bound: Bound): number {
    const native = this.#open();
    try {
      return native.run(parametersOf(bound)).changes;
    } catch (error) {
      throw databaseError(error);
    }
  }

  get(...bound: Bound): Row | undefined {
    const native = this.#open();
    const row = orDatabaseError(() => native.get(parametersOf(bound)));
    return row && rowOf(row);
  }

  all(...bound: Bound): Row[] {
    this.#open();
    this.#forAll ??= this.#prepare();
    const native = this.#forAll;
    return orDatabaseError(() => native.all(parametersOf(bound))).map(rowOf);
  }

  value(...bound: Bound): Cell | undefined {
    const row = this.get(...bound);
    for (const name in row) return row[name];
    return undefined;
  }

  release(): void {
    this.#native = undefined;
    this.#forAll = undefined;
  }

  #open(): NativeStatement {
    if (!this.#native) throw new Error('the database is closed');
    return this.#native;
  }
}

function parametersOf(bound: Bound): Parameters<NativeStatement['run']>[0] {
  const [first] = bound;
  const isByName = typeof first === 'object' && first !== null && !(first instanceof Uint8Array);
  return isByName ? first : (bound as Exclude<Bound, readonly [object]>);
}

function rowOf(native: Readonly<Record<string, unknown>>): Row {
  const row: Record<string, Cell> = {};
  for (const name in native) if (name !== METADATA) row[name] = cellOf(native[name]);
  return row;
}

function cellOf(cell: unknown): Cell {
  return cell instanceof ArrayBuffer ? Buffer.from(cell) : (cell as Cell);
}

function orDatabaseError<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw databaseError(error);
  }
}

/** Its errors have SQLite's result code as `rawCode`. */
function databaseError(error: unknown): unknown {
  if (!(error instanceof Error) || !('rawCode' in error) || typeof error.rawCode !== 'number') return error;
  return new DatabaseError(error.message, error.rawCode);
}
