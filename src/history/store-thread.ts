/** The thread that writes the store: a slow disk delays only this thread. */
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { DataTypes } from '../protocol/data-types.js';
import { loadDriver, SQLITE_REMEDY } from './load-driver.js';
import { Store } from './store.js';
import type { FromThread, ThreadSettings, ToThread } from './thread-messages.js';

/** How soon a lost file is noticed, and the shortest pause before a retry. */
const TICK_MS = 1000;
/** Pause between deletion steps while there is more to do, and between rounds. */
const TIDY_STEP_MS = 100;
const TIDY_REST_MS = 10_000;
/** The complete file is checked only after the gateway has started: a small computer has one core for both. */
const CHECK_AFTER_MS = 1000;

if (parentPort) await run(parentPort, workerData as ThreadSettings);

async function run(port: MessagePort, settings: ThreadSettings): Promise<void> {
  const report = (message: FromThread) => port.postMessage(message);
  const store = await open(settings, report);
  if (!store) return;
  const { fault, restored } = store;
  report(fault === undefined ? { kind: 'opened', restored } : { kind: 'waiting', why: fault });
  const ticking = setInterval(() => store.tick(), TICK_MS);
  let tidying = setTimeout(function tidy() {
    tidying = setTimeout(tidy, store.tidy() ? TIDY_STEP_MS : TIDY_REST_MS);
  }, TIDY_REST_MS);
  const check = checkEachOpening(settings.file, store, report);
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
        report({ kind: 'closed' });
        port.close();
    }
  });
}

async function open(
  settings: ThreadSettings,
  report: (message: FromThread) => void,
): Promise<Store | undefined> {
  const loaded = await loadDriver();
  if (!loaded.driver) {
    report({ kind: 'unavailable', why: `${loaded.fault}; ${SQLITE_REMEDY}` });
    return undefined;
  }
  const { driver } = loaded;
  report({ kind: 'loaded', driver: driver.name });
  return new Store({
    driver,
    settings,
    dataTypes: new DataTypes(settings.dataTypes),
    now: () => Date.now(),
    monotonic: () => performance.now(),
    report,
    isHeld: true,
  });
}

/** Checks each opened file for damage once. */
function checkEachOpening(file: string, store: Store, report: (message: FromThread) => void): NodeJS.Timeout {
  let checked = 0;
  return setInterval(() => {
    const { opening } = store;
    if (opening === 0 || opening === checked) return;
    checked = opening;
    checkInBackground(file, {
      onDamage: (why) => store.replace(why, opening),
      onDeath: (why) => report({ kind: 'checkDied', why }),
    });
  }, CHECK_AFTER_MS);
}

interface CheckHandlers {
  onDamage(why: string): void;
  onDeath(why: string): void;
}

/** Reading the complete file takes seconds: another thread does it while this one writes. */
function checkInBackground(file: string, { onDamage, onDeath }: CheckHandlers): void {
  const checker = new Worker(new URL('./check-thread.js', import.meta.url), { workerData: file });
  checker.unref();
  checker.on('error', (error) => onDeath(error.message));
  checker.on('message', (found: string) => {
    if (found !== 'ok') onDamage(found);
  });
}
