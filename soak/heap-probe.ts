/**
 * Runs inside the gateway's process: once a minute it collects garbage and writes the size of the live heap to the file
 * `SOAK_HEAP_FILE`. Resident memory alone shows little, since V8 keeps garbage while there is room. The history thread
 * is started with the same flags but has its own heap, and is skipped.
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
