/**
 * Runs inside the gateway's process: once a minute it collects garbage and writes to the file `SOAK_HEAP_FILE` how
 * many bytes of the heap live. Resident memory alone tells little: V8 lets garbage lie while there is room. The thread
 * that keeps the history is started with the same flags, and has a heap of its own: it stays out of this.
 */
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 60_000;

const file = process.env.SOAK_HEAP_FILE;
if (file !== undefined && isMainThread) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setInterval(() => {
    collect();
    writeFileSync(file, String(process.memoryUsage().heapUsed));
  }, EVERY_MS).unref();
}
