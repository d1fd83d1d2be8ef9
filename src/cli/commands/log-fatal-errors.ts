import { errorStack } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

/** What ends the process although nobody meant it to is in the log first, in the log's own format. */
export function logFatalErrors(log: Log): void {
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    const what = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
    log.error(what, `${what}; the process ends: ${errorStack(error)}`);
  });
}
