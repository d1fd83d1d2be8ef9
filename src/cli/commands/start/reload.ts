import { errorStack, MeshgateError } from '../../../base/errors.js';
import type { Log } from '../../../base/log.js';
import type { Config } from '../../../config/schema.js';
import type { Gateway } from '../../../gateway.js';

/** Reads the settings again and tells what came of it; where they are wrong, all stay as they were. */
export function reload(gateway: Gateway, read: () => Config, log: Log): void {
  try {
    const { applied, needRestart } = gateway.reload(read());
    log.info(applied.length === 0 ? 'no setting was taken over' : `taken over: ${applied.join(', ')}`);
    if (needRestart.length > 0) log.info(`these take effect after a restart: ${needRestart.join(', ')}`);
  } catch (error) {
    logRefusal(error, log);
  }
}

/** Our own mistake is logged too: a signal must not end the gateway. */
function logRefusal(error: unknown, log: Log): void {
  if (!(error instanceof MeshgateError)) {
    log.error('internal error', `reload: ${errorStack(error)}; all settings stay as they were`);
    return;
  }
  const text = error.hint ? `${error.message} (${error.hint})` : error.message;
  log.warn(`bad settings ${text}`, `${text}; all settings stay as they were`);
}
