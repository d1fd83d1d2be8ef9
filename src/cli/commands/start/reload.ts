import { errorStack, MeshgateError } from '../../../base/errors.js';
import type { Log } from '../../../base/log.js';
import type { Config } from '../../../config/schema.js';
import type { Gateway } from '../../../gateway.js';

/** Rereads the settings and logs the result; invalid settings change nothing. */
export function reload(gateway: Gateway, read: () => Config, log: Log): void {
  try {
    const { applied, needRestart } = gateway.reload(read());
    log.info(applied.length === 0 ? 'reload: no settings changed' : `reload: applied ${applied.join(', ')}`);
    if (needRestart.length > 0) log.info(`reload: restart needed to apply ${needRestart.join(', ')}`);
  } catch (error) {
    logRefusal(error, log);
  }
}

/** Logs bugs too: a signal must not end the gateway. */
function logRefusal(error: unknown, log: Log): void {
  if (!(error instanceof MeshgateError)) {
    log.error('internal error', `reload failed, no settings changed: ${errorStack(error)}`);
    return;
  }
  const text = error.hint ? `${error.message} (${error.hint})` : error.message;
  log.warn(`bad settings ${text}`, `reload failed, no settings changed: ${text}`);
}
