import { errorStack } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

/** Logs an unexpected error in the format of the log before it ends the process. */
export function logFatalErrors(log: Log): void {
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    const what = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
    log.error(what, `${what}, exiting: ${errorStack(error)}`);
  });
}
