/** Looks through the whole store for damage, and tells the thread that writes to it: `ok`, or what is wrong. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../base/errors.js';
import { isDamage } from './database.js';

if (parentPort) parentPort.postMessage(await check(workerData as string));

async function check(file: string): Promise<string> {
  const { default: Sqlite } = await import('better-sqlite3');
  const database = new Sqlite(file, { readonly: true });
  try {
    return String(database.pragma('quick_check(1)', { simple: true }));
  } catch (error) {
    return isDamage(error) ? errorText(error) : 'ok';
  } finally {
    database.close();
  }
}
