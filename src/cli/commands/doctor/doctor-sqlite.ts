/** Whether SQLite is available here, for when there is no running gateway to ask. */
import { loadDriver, SQLITE_REMEDY } from '../../../history/load-driver.js';
import type { Finding } from './findings.js';

export async function examineSqlite(load: typeof loadDriver = loadDriver): Promise<Finding> {
  const check = 'history';
  const loaded = await load();
  if (loaded.driver) return { check, verdict: 'fine', text: `SQLite is available (${loaded.driver.name})` };
  const text = `would be in memory only: ${loaded.fault}`;
  return { check, verdict: 'problem', text, advice: SQLITE_REMEDY };
}
