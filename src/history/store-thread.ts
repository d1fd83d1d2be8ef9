/** The thread that has the store: a slow disk holds up this one only. */
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { errorText, systemErrorCode } from '../base/errors.js';
import { DataTypes } from '../protocol/data-types.js';
import type { OpenSqlite } from './database.js';
import { Store } from './store.js';
import type { FromThread, ThreadSettings, ToThread } from './thread-messages.js';

/** How soon it is noticed that the file is gone, and the shortest pause before what has failed is tried again. */
const TICK_MS = 1000;
/** Between steps of tidying while there is more to do, and between rounds. */
const TIDY_STEP_MS = 100;
const TIDY_REST_MS = 10_000;
/** The whole file is looked through when the gateway has started: a small computer has one core for both. */
const CHECK_AFTER_MS = 1000;
const SQLITE_REMEDY =
  'install it (npm install better-sqlite3) and restart the gateway, or set history.enabled = false';

if (parentPort) await run(parentPort, workerData as ThreadSettings);

async function run(port: MessagePort, settings: ThreadSettings): Promise<void> {
  const tell = (message: FromThread) => port.postMessage(message);
  const store = await open(settings, tell);
  if (!store) return;
  const { fault, restored } = store;
  tell(fault === undefined ? { kind: 'opened', restored } : { kind: 'waiting', why: fault });
  const ticking = setInterval(() => store.tick(), TICK_MS);
  let tidying = setTimeout(function tidy() {
    tidying = setTimeout(tidy, store.tidy() ? TIDY_STEP_MS : TIDY_REST_MS);
  }, TIDY_REST_MS);
  const check = checkEachOpening(settings.file, store, tell);
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'events':
        store.write(message);
        break;
      case 'declare':
        store.declare(message.types);
        break;
      case 'raise':
        store.raiseWaiting(message.by);
        break;
      case 'goOn':
        store.goOn(message.holdings);
        break;
      case 'close':
        clearInterval(ticking);
        clearTimeout(tidying);
        clearInterval(check);
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
  const sqlite = await loadSqlite();
  if (typeof sqlite === 'string') {
    tell({ kind: 'unavailable', why: sqlite });
    return undefined;
  }
  return new Store({
    sqlite,
    settings,
    dataTypes: new DataTypes(settings.dataTypes),
    now: () => Date.now(),
    monotonic: () => performance.now(),
    tell,
    isHeld: true,
  });
}

/** Or why it can't be had, and what to do. Its library is loaded when the first database is opened. */
async function loadSqlite(): Promise<OpenSqlite | string> {
  try {
    const { default: sqlite } = await import('better-sqlite3');
    new sqlite(':memory:').close();
    return sqlite;
  } catch (error) {
    const isMissing = systemErrorCode(error) === 'ERR_MODULE_NOT_FOUND';
    const what = isMissing ? 'is not installed' : `can not be loaded (${firstLineOf(errorText(error))})`;
    return `the package better-sqlite3 ${what}; ${SQLITE_REMEDY}`;
  }
}

function firstLineOf(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** Each file that was opened is looked through once. */
function checkEachOpening(file: string, store: Store, tell: (message: FromThread) => void): NodeJS.Timeout {
  let checked = 0;
  return setInterval(() => {
    const { opening } = store;
    if (opening === 0 || opening === checked) return;
    checked = opening;
    checkInBackground(file, {
      onDamage: (why) => store.replace(why, opening),
      onDeath: (why) => tell({ kind: 'checkDied', why }),
    });
  }, CHECK_AFTER_MS);
}

interface CheckHandlers {
  onDamage(why: string): void;
  onDeath(why: string): void;
}

/** Reading the whole file takes seconds: another thread does it while this one writes. */
function checkInBackground(file: string, { onDamage, onDeath }: CheckHandlers): void {
  const checker = new Worker(new URL('./check-thread.js', import.meta.url), { workerData: file });
  checker.unref();
  checker.on('error', (error) => onDeath(error.message));
  checker.on('message', (found: string) => {
    if (found !== 'ok') onDamage(found);
  });
}
