/** Opens the store's file; one that is damaged is set aside, and a new one begun. */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { errorText, systemErrorCode } from '../base/errors.js';
import type { DataType } from '../protocol/data-types.js';
import { createViews, ForeignFile, migrate } from './schema.js';

/** `import('better-sqlite3')`: it need not be installed. */
export type OpenSqlite = typeof Sqlite;

export interface OpenedDatabase {
  readonly database: Sqlite.Database;
  /** What was set aside, and why, where the file could not be used. */
  readonly setAside: SetAside | undefined;
}

export interface SetAside {
  readonly file: string;
  readonly why: string;
}

const FILE_SUFFIXES = ['', '-wal', '-shm'] as const;
const SET_ASIDE = '.damaged-';
/** Files set aside that are kept; the oldest go, since each may be as large as the store. */
const SET_ASIDE_KEPT = 2;
/** Somebody who reads the file holds up what must have it alone for so long at most. */
const BUSY_TIMEOUT_MS = 2000;

/** Throws what the system says when neither this file nor a new one can be opened. `now`: ms since the epoch. */
export function openDatabase(
  Sqlite: OpenSqlite,
  file: string,
  types: readonly DataType[],
  now: number,
): OpenedDatabase {
  try {
    return { database: open(Sqlite, file, types), setAside: undefined };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const setAside = { file: putAside(file, now), why: errorText(error) };
    return { database: open(Sqlite, file, types), setAside };
  }
}

/** True for an error that says that the file itself is bad: not that the disk is full or the file not ours to write. */
export function isDamage(error: unknown): boolean {
  const code = systemErrorCode(error) ?? '';
  return error instanceof ForeignFile || code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/** Renames the file and what belongs to it. Returns its new name. */
export function putAside(file: string, now: number): string {
  const aside = unusedName(file, now);
  for (const suffix of FILE_SUFFIXES) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  if (existsSync(aside)) forgetOldest(file, basename(aside));
  return aside;
}

/** A clock that begins with the same time at each start must not replace what was set aside before. */
function unusedName(file: string, now: number): string {
  const time = new Date(now).toISOString().replaceAll(':', '-');
  const name = `${file}${SET_ASIDE}${time}`;
  let unused = name;
  for (let count = 1; existsSync(unused) && count < 100; count++) unused = `${name}.${count}`;
  return unused;
}

/** `newest`: the one that was just set aside; a clock that is behind may have given it an early name. */
function forgetOldest(file: string, newest: string): void {
  const prefix = `${basename(file)}${SET_ASIDE}`;
  const others = readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix) && name !== newest && !/-(wal|shm)$/.test(name))
    .sort();
  for (const name of others.slice(0, 1 - SET_ASIDE_KEPT)) {
    for (const suffix of FILE_SUFFIXES) rmSync(join(dirname(file), name + suffix), { force: true });
  }
}

function open(Sqlite: OpenSqlite, file: string, types: readonly DataType[]): Sqlite.Database {
  const database = new Sqlite(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.pragma('auto_vacuum = INCREMENTAL');
    database.pragma('journal_mode = WAL');
    // A commit is on the disk when it is told to be: power fails in fields.
    database.pragma('synchronous = FULL');
    database.pragma('cache_size = -16384');
    database.pragma('journal_size_limit = 16777216');
    migrate(database);
    createViews(database, types);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
