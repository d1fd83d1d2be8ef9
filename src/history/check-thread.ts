/** Checks the complete store for damage, and posts `ok` or the damage that was found. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../base/errors.js';
import { requireDriver } from './load-driver.js';
import { isDamage } from './open-database.js';

const BUSY_TIMEOUT_MS = 5000;

if (parentPort) parentPort.postMessage(await check(workerData as string));

async function check(file: string): Promise<string> {
  const driver = await requireDriver();
  const database = driver.open(file, { isReadOnly: true, busyTimeoutMs: BUSY_TIMEOUT_MS });
  try {
    return String(database.prepare('PRAGMA quick_check(1)').value());
  } catch (error) {
    return isDamage(error) ? errorText(error) : 'ok';
  } finally {
    database.close();
  }
}
