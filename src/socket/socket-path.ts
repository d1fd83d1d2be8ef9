/** The location of the Unix socket and its directory. */
import { accessSync, constants, lstatSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { MeshgateError, systemErrorCode } from '../base/errors.js';
import {
  privateDirectory,
  SERVICE_DIRECTORY,
  SOCKET_FILE_NAME,
  socketCandidates,
} from '../base/socket-location.js';
import { socketTaken } from './socket-lock.js';

/** Linux's `sun_path` has 108 bytes, the last one zero; a longer path would be truncated silently. */
const MAX_PATH_LENGTH = 107;

/** The first of the usual socket locations that this process can write to. */
export function defaultSocketPath(env: NodeJS.ProcessEnv = process.env): string {
  const candidates = socketCandidates(env);
  return candidates.find((path) => canHold(dirname(path))) ?? join(privateDirectory(), SOCKET_FILE_NAME);
}

/** A missing directory of our own can be created. */
function canHold(directory: string): boolean {
  if (directory === privateDirectory()) return true;
  const isOursToMake = directory === SERVICE_DIRECTORY && !lstatOf(directory);
  return isWritable(isOursToMake ? dirname(directory) : directory);
}

/** Creates the socket's directory if it is one of our own; others must exist. */
export function prepareDirectory(path: string): void {
  refuseLongPath(path);
  const directory = dirname(path);
  if (directory === privateDirectory()) makePrivate(directory);
  if (directory === SERVICE_DIRECTORY) mkdirSync(directory, { recursive: true, mode: 0o755 });
  if (isOpenToAll(directory)) {
    throw new MeshgateError(
      'NO_PERMISSION',
      `${directory} is writable by all users, who could impersonate the gateway`,
      `chmod o-w ${directory}, or choose another --socket PATH`,
    );
  }
  if (!lstatOf(directory)) {
    throw new MeshgateError('SOCKET_FAILED', `${directory}: no such directory`, `mkdir -p ${directory}`);
  }
}

function refuseLongPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= MAX_PATH_LENGTH) return;
  throw new MeshgateError(
    'SOCKET_FAILED',
    `${path}: socket path too long (${length} bytes, maximum ${MAX_PATH_LENGTH})`,
    'choose a shorter --socket PATH',
  );
}

/**
 * Removes the socket file that a stopped gateway has left. Call with the lock held. Only a refused connection proves that
 * it is unused: another program, or a gateway in another container, would accept it, or deny permission.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatOf(path);
  if (!found) return;
  if (!found.isSocket()) {
    throw new MeshgateError(
      'SOCKET_FAILED',
      `${path} exists and is not a socket`,
      'choose another --socket PATH',
    );
  }
  if (await isServed(path)) throw socketTaken(path, { pid: undefined, isElsewhere: false });
  rmSync(path, { force: true });
}

/** Sets the permissions of the socket. `mode`: permission bits; `group`: a name or number, if any. */
export async function setAccess(path: string, mode: number, group: string | undefined): Promise<void> {
  if (group !== undefined) await chown(path, process.getuid?.() ?? 0, groupId(group));
  await chmod(path, mode);
}

function groupId(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${group}:`));
  const id = line?.split(':')[2];
  if (id === undefined) throw new MeshgateError('BAD_CONFIG', `group = "${group}": no such group`);
  return Number(id);
}

/** In /tmp anyone could have created the directory first: it must be ours and closed to others. */
function makePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  if (isOurs) return;
  throw new MeshgateError(
    'NO_PERMISSION',
    `${directory} is not a directory that is private to this user`,
    `remove it, or choose another --socket PATH`,
  );
}

/** Anyone may remove and rename files in the directory; a sticky bit, as on /tmp, prevents that. */
function isOpenToAll(directory: string): boolean {
  const mode = statSync(directory, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & 0o1002) === 0o002;
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) =>
      resolve(!['ECONNREFUSED', 'ENOENT'].includes(systemErrorCode(error) ?? '')),
    );
  });
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function lstatOf(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
}
