/** Who may listen on a socket path. */
import { MeshgateError } from '../errors.js';
import { LockHeld, type ProcessLock, takeLock } from '../process-lock.js';

/** Takes the lock, or rejects with `SOCKET_TAKEN` that names the holder's process id. The directory must exist. */
export async function lockSocket(path: string): Promise<ProcessLock> {
  try {
    return await takeLock(path);
  } catch (error) {
    throw error instanceof LockHeld ? socketTaken(path, error.pid) : error;
  }
}

/** The error that tells who holds a socket. */
export function socketTaken(path: string, pid: string | undefined): MeshgateError {
  const holder = pid === undefined ? 'another program' : `the gateway with process id ${pid}`;
  return new MeshgateError(
    'SOCKET_TAKEN',
    `${holder} already serves ${path}`,
    `use that one, end it${pid === undefined ? '' : ` (kill ${pid})`}, or give this one its own --socket PATH`,
  );
}
