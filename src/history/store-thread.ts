/** The thread that has the store: a slow disk holds up this one only. */
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { errorText } from '../errors.js';
import { DataTypes } from '../protocol/data-types.js';
import { Store } from './store.js';
import type { FromThread, ThreadSettings, ToThread } from './thread-messages.js';

const RETRY_MS = 1000;
/** Between steps of tidying while there is more to do, and between rounds. */
const TIDY_STEP_MS = 100;
const TIDY_REST_MS = 10_000;
/** The whole file is looked through when the gateway has started: a small computer has one core for both. */
const CHECK_AFTER_MS = 1000;

if (parentPort) await run(parentPort, workerData as ThreadSettings);

async function run(port: MessagePort, settings: ThreadSettings): Promise<void> {
  const tell = (message: FromThread) => port.postMessage(message);
  const store = await open(settings, tell);
  if (!store) return;
  tell({ kind: 'opened', restored: store.restored });
  const retry = setInterval(() => store.writeWaiting(), RETRY_MS);
  let tidying = setTimeout(function tidy() {
    tidying = setTimeout(tidy, store.tidy() ? TIDY_STEP_MS : TIDY_REST_MS);
  }, TIDY_REST_MS);
  const check = setTimeout(
    () => checkInBackground(settings.file, (why) => store.replace(why)),
    CHECK_AFTER_MS,
  );
  port.on('message', (message: ToThread) => {
    if (message.kind === 'events') store.write(message);
    else {
      clearInterval(retry);
      clearTimeout(tidying);
      clearTimeout(check);
      store.close(message.lastSeq);
      tell({ kind: 'closed' });
      port.close();
    }
  });
}

async function open(
  settings: ThreadSettings,
  tell: (message: FromThread) => void,
): Promise<Store | undefined> {
  try {
    const { default: sqlite } = await import('better-sqlite3');
    return new Store({
      sqlite,
      settings,
      dataTypes: new DataTypes(settings.dataTypes),
      now: () => Date.now(),
      monotonic: () => performance.now(),
      tell,
    });
  } catch (error) {
    tell({ kind: 'unavailable', why: explain(error) });
    return undefined;
  }
}

function explain(error: unknown): string {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  return isMissing ? 'the package better-sqlite3 is not installed' : errorText(error);
}

/** Reading the whole file takes seconds: another thread does it while this one writes. */
function checkInBackground(file: string, onDamage: (why: string) => void): void {
  const checker = new Worker(new URL('./check-thread.js', import.meta.url), { workerData: file });
  checker.unref();
  checker.on('error', () => {});
  checker.on('message', (found: string) => {
    if (found !== 'ok') onDamage(found);
  });
}
