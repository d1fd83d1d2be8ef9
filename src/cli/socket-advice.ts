/** What to do when no gateway answers: one may run whose socket has gone. */
import { dirname } from 'node:path';
import { MeshgateError } from '../base/errors.js';
import type { LockHolder } from '../base/lock-file.js';
import { describeHolder, findLockHolder } from '../base/process-lock.js';
import { socketCandidates } from '../base/socket-location.js';

/**
 * The error to show where a gateway has the lock of a socket that nobody answers on; undefined where none has.
 * `named`: the socket that the user named, or nothing for the usual ones.
 */
export async function findLostSocket(named: string | undefined): Promise<MeshgateError | undefined> {
  const given = named ?? process.env.MESHGATE_SOCKET;
  for (const path of given ? [given] : socketCandidates()) {
    const holder = await findLockHolder(path).catch(() => undefined);
    if (holder) return socketLost(path, holder);
  }
  return undefined;
}

function socketLost(path: string, holder: LockHolder): MeshgateError {
  const { pid } = holder;
  const restart = pid === undefined ? 'restart it' : `restart it (kill ${pid}, then meshgate start)`;
  return new MeshgateError(
    'SOCKET_LOST',
    `${describeHolder(holder)} runs, but its socket ${path} has gone`,
    `it makes the socket again within seconds where ${dirname(path)} is there; else make that directory, or ${restart}`,
  );
}
