import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { errorText, MeshgateError } from '../base/errors.js';
import { describeHolder, LockHeld, type ProcessLock, takeLock } from '../base/process-lock.js';

/**
 * The directory for persistent state: `$STATE_DIRECTORY` (set by systemd for a service: /var/lib/meshgate), else
 * `$XDG_STATE_HOME/meshgate`, else `~/.local/state/meshgate`. A virtual mesh uses a subdirectory of it.
 */
export function defaultStateDirectory(isSimulated: boolean, env: NodeJS.ProcessEnv = process.env): string {
  const directory = env.STATE_DIRECTORY?.split(':')[0] || join(stateHome(env), 'meshgate');
  return isSimulated ? join(directory, 'simulation') : directory;
}

function stateHome({ XDG_STATE_HOME, HOME }: NodeJS.ProcessEnv): string {
  return XDG_STATE_HOME || join(HOME || homedir(), '.local', 'state');
}

/** Creates the directory if it is missing. Returns why it can not be used; undefined if it can. */
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

/** One by one: Node's recursive mkdir never returns where the system reports ENOENT for a parent that exists. */
function makeDirectories(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectories(dirname(directory));
  mkdirSync(directory, { mode: 0o750 });
}

/** One gateway per directory. Rejects with `STATE_TAKEN`, which names the gateway that uses it. */
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
