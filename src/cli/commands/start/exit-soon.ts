import type { Log } from '../../../base/log.js';
import { EXIT } from '../../exit-codes.js';

/** For what the system still has to do with handles that were closed. */
const LEFTOVERS_MS = 500;

/**
 * Ends the process although something may hold it: a stop that could not be completed ends with `stopIncomplete`.
 * `unfinished`: what the stop has named.
 */
export function exitSoon(unfinished: readonly string[], log: Log): void {
  if (unfinished.length > 0) process.exitCode = EXIT.stopIncomplete;
  const waitMs = unfinished.length > 0 ? 0 : LEFTOVERS_MS;
  setTimeout(() => {
    const held = process.getActiveResourcesInfo().filter((name) => !QUIET.includes(name));
    if (unfinished.length === 0 && held.length > 0) {
      log.warn('held', `ended with resources still open: ${[...new Set(held)].join(', ')}`);
    }
    process.exit();
  }, waitMs).unref();
}

/** Standard streams, and timers: they keep nothing open that matters. */
const QUIET: readonly string[] = ['TTYWrap', 'PipeWrap', 'Timeout', 'FSReqCallback'];
