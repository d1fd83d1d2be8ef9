/** The lock that decides which process may listen on a socket path. */
import { MeshgateError } from '../base/errors.js';
import type { LockHolder } from '../base/lock-file.js';
import { describeHolder, LockHeld, type ProcessLock, takeLock } from '../base/process-lock.js';

/** Takes the lock, or rejects with `SOCKET_TAKEN`, which names the holder's process id. The directory must exist. */
export async function lockSocket(path: string): Promise<ProcessLock> {
  try {
    return await takeLock(path);
  } catch (error) {
    throw error instanceof LockHeld ? socketTaken(path, error.holder) : error;
  }
}

/** The error for a socket that is in use; names its holder. */
export function socketTaken(path: string, holder: LockHolder): MeshgateError {
  const { pid } = holder;
  return new MeshgateError(
    'SOCKET_TAKEN',
    `${describeHolder(holder)} is already using ${path}`,
    `use that gateway, stop it${pid === undefined ? '' : ` (kill ${pid})`}, or choose another --socket PATH`,
  );
}
