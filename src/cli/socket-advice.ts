/** Advice when no gateway answers: one may be running whose socket file was removed. */
import { dirname } from 'node:path';
import { MeshgateError } from '../base/errors.js';
import type { LockHolder } from '../base/lock-file.js';
import { describeHolder, findLockHolder } from '../base/process-lock.js';
import { socketCandidates } from '../base/socket-location.js';

/**
 * The error to report if a running gateway holds the lock of a socket that does not answer; undefined if none does.
 * `named`: the socket that the user gave; undefined for the default ones.
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
    `${describeHolder(holder)} is running, but its socket ${path} is missing`,
    `it recreates the socket within seconds if ${dirname(path)} exists; otherwise create that directory, or ${restart}`,
  );
}
