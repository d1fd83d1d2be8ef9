import type { Log } from '../../../base/log.js';
import { EXIT } from '../../exit-codes.js';

/** Time for the system to finish closing handles. */
const LEFTOVERS_MS = 500;

/**
 * Ends the process even if a handle is still open; exits with `stopIncomplete` after an incomplete stop. `unfinished`:
 * the parts that did not stop in time.
 */
export function exitSoon(unfinished: readonly string[], log: Log): void {
  if (unfinished.length > 0) process.exitCode = EXIT.stopIncomplete;
  const waitMs = unfinished.length > 0 ? 0 : LEFTOVERS_MS;
  setTimeout(() => {
    const held = process.getActiveResourcesInfo().filter((name) => !HARMLESS.includes(name));
    if (unfinished.length === 0 && held.length > 0) {
      log.warn('held', `exiting with open resources: ${[...new Set(held)].join(', ')}`);
    }
    process.exit();
  }, waitMs).unref();
}

/** Standard streams and timers, which are harmless. */
const HARMLESS: readonly string[] = ['TTYWrap', 'PipeWrap', 'Timeout', 'FSReqCallback'];
