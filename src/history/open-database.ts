/** Opens the store's file; a damaged one is set aside, and a new one started. */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorText, systemErrorCode } from '../base/errors.js';
import type { DataType } from '../protocol/data-types.js';
import type { Database, SqliteDriver } from './database.js';
import { createViews, ForeignFile, migrate } from './schema.js';

export interface OpenedDatabase {
  readonly database: Database;
  /** The file that could not be used, and why. */
  readonly setAside: SetAside | undefined;
}

export interface SetAside {
  readonly file: string;
  readonly why: string;
}

const FILE_SUFFIXES = ['', '-wal', '-shm'] as const;
const SET_ASIDE = '.damaged-';
/** Files set aside that are kept; older ones are deleted, since each may be as large as the store. */
const SET_ASIDE_KEPT = 2;
/** How long a statement waits for the lock of another program. */
const BUSY_TIMEOUT_MS = 2000;

/** Throws if neither this file nor a new one can be opened. `now`: ms since the epoch. */
export function openDatabase(
  driver: SqliteDriver,
  file: string,
  types: readonly DataType[],
  now: number,
): OpenedDatabase {
  try {
    return { database: open(driver, file, types), setAside: undefined };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const setAside = { file: putAside(file, now), why: errorText(error) };
    return { database: open(driver, file, types), setAside };
  }
}

/** True if the file itself is bad; false if the disk is full, or the file is locked or may not be written. */
export function isDamage(error: unknown): boolean {
  const code = systemErrorCode(error) ?? '';
  return error instanceof ForeignFile || code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB';
}

/** Renames the file and its journals. Returns its new name. */
export function putAside(file: string, now: number): string {
  const aside = unusedName(file, now);
  for (const suffix of FILE_SUFFIXES) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  if (existsSync(aside)) deleteOldest(file, basename(aside));
  return aside;
}

/** A clock that starts at the same time after each boot must not overwrite an earlier file. */
function unusedName(file: string, now: number): string {
  const time = new Date(now).toISOString().replaceAll(':', '-');
  const name = `${file}${SET_ASIDE}${time}`;
  let unused = name;
  for (let count = 1; existsSync(unused) && count < 100; count++) unused = `${name}.${count}`;
  return unused;
}

/** `newest`: the file just set aside; a clock that is slow may have given it an early name. */
function deleteOldest(file: string, newest: string): void {
  const prefix = `${basename(file)}${SET_ASIDE}`;
  const others = readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix) && name !== newest && !/-(wal|shm)$/.test(name))
    .sort();
  for (const name of others.slice(0, 1 - SET_ASIDE_KEPT)) {
    for (const suffix of FILE_SUFFIXES) rmSync(join(dirname(file), name + suffix), { force: true });
  }
}

function open(driver: SqliteDriver, file: string, types: readonly DataType[]): Database {
  const database = driver.open(file, { busyTimeoutMs: BUSY_TIMEOUT_MS });
  try {
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec('PRAGMA journal_mode = WAL');
    // Power fails in the field: a commit returns only after the data is on the disk.
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA cache_size = -16384');
    database.exec('PRAGMA journal_size_limit = 16777216');
    migrate(database);
    createViews(database, types);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
