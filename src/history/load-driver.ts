/** Which SQLite the history uses: Node's own where there is one, else the package libsql. */
import { errorText, systemErrorCode } from '../base/errors.js';
import type { SqliteDriver } from './database.js';
import { libsqlDriver } from './libsql-driver.js';
import { nodeDriver } from './node-driver.js';

/** `fault`: why no driver can be loaded. */
export type LoadedDriver =
  | { readonly driver: SqliteDriver }
  | { readonly driver: undefined; readonly fault: string };

export const SQLITE_REMEDY =
  'use Node 22.13 or newer, or run npm install libsql, and restart the gateway; or set history.enabled = false';

export async function loadDriver(): Promise<LoadedDriver> {
  const ofNode = nodeDriver();
  if (ofNode) return { driver: ofNode };
  try {
    const driver = await libsqlDriver();
    // Its library is loaded when the first database is opened.
    driver.open(':memory:').close();
    return { driver };
  } catch (error) {
    return { driver: undefined, fault: faultText(error) };
  }
}

/** For threads that start only where a driver was found. */
export async function requireDriver(): Promise<SqliteDriver> {
  const loaded = await loadDriver();
  if (!loaded.driver) throw new Error(`${loaded.fault}; ${SQLITE_REMEDY}`);
  return loaded.driver;
}

function faultText(error: unknown): string {
  const isMissing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(systemErrorCode(error) ?? '');
  const [firstLine = ''] = errorText(error).split('\n', 1);
  const what = isMissing ? 'is not installed' : `can not be loaded (${firstLine})`;
  return `Node ${process.version} has no SQLite built in, and the package libsql ${what}`;
}
