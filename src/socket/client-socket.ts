import type { ProcessLock } from '../process-lock.js';
import type { ClientServer } from './client-server.js';
import type { Role } from './role.js';
import { lockSocket } from './socket-lock.js';
import { prepareDirectory, removeStaleSocket, setAccess } from './socket-path.js';

/** A socket that somebody else has opened; its file, and who may connect, are theirs. */
export interface PassedSocket {
  readonly fd: number;
  readonly path: string;
}

/** A path where the gateway makes the socket, or one that it was passed. */
export type ClientSocketPlace = string | PassedSocket;

export interface SocketAccess {
  /** What its clients may do. */
  readonly role: Role;
  /** Permission bits. */
  readonly mode: number;
  /** A group's name or number. */
  readonly group?: string | undefined;
}

/** No other gateway serves this place while the lock is held. Rejects with `SOCKET_TAKEN`. */
export function lockClientSocket(where: ClientSocketPlace): Promise<ProcessLock> {
  if (typeof where !== 'string') return lockSocket(where.path);
  prepareDirectory(where);
  return lockSocket(where);
}

/** Serves clients there. To be called with the lock held. */
export async function openClientSocket(
  server: ClientServer,
  where: ClientSocketPlace,
  { role, mode, group }: SocketAccess,
): Promise<void> {
  if (typeof where !== 'string') return server.listen({ at: { fd: where.fd }, role, name: where.path });
  await removeStaleSocket(where);
  await server.listen({ at: { path: where }, role, name: where });
  await setAccess(where, mode, group);
}
