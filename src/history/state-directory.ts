import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { errorText, MeshgateError } from '../base/errors.js';
import { describeHolder, LockHeld, type ProcessLock, takeLock } from '../base/process-lock.js';

/**
 * Where a gateway keeps what outlives it: `$STATE_DIRECTORY` (systemd gives it to a service: /var/lib/meshgate), else
 * `$XDG_STATE_HOME/meshgate`, else `~/.local/state/meshgate`. A virtual mesh has a directory of its own in it.
 */
export function defaultStateDirectory(isSimulated: boolean, env: NodeJS.ProcessEnv = process.env): string {
  const directory = env.STATE_DIRECTORY?.split(':')[0] || join(stateHome(env), 'meshgate');
  return isSimulated ? join(directory, 'simulation') : directory;
}

function stateHome({ XDG_STATE_HOME, HOME }: NodeJS.ProcessEnv): string {
  return XDG_STATE_HOME || join(HOME || homedir(), '.local', 'state');
}

/** Makes the directory where it is missing. Returns why it can't be used, or nothing. */
export function prepareStateDirectory(directory: string): string | undefined {
  try {
    makeDirectories(resolve(directory));
    if (!statSync(directory).isDirectory()) return `${directory} is not a directory`;
    accessSync(directory, constants.W_OK);
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

/** One by one: Node's own way to make several never ends where the system says that there is no such place. */
function makeDirectories(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectories(dirname(directory));
  mkdirSync(directory, { mode: 0o750 });
}

/** One gateway a directory. Rejects with `STATE_TAKEN`, which names the one that has it. */
export async function lockState(directory: string): Promise<ProcessLock> {
  try {
    return await takeLock(join(directory, 'history.db'));
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
    throw new MeshgateError(
      'STATE_TAKEN',
      `${describeHolder(error.holder)} already keeps its history in ${directory}`,
      'end it, or give this one a directory of its own: --state DIR',
    );
  }
}
