/** Where the Unix socket lies, and how its place is made ready. */
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

/** Linux's `sun_path` has 108 bytes, the last one zero; a longer path would be cut without a word. */
const MAX_PATH_LENGTH = 107;

/** The first of the places where a gateway's socket may lie that this process may write to. */
export function defaultSocketPath(env: NodeJS.ProcessEnv = process.env): string {
  const candidates = socketCandidates(env);
  return candidates.find((path) => canHold(dirname(path))) ?? join(privateDirectory(), SOCKET_FILE_NAME);
}

/** A directory of ours that is not there yet can be made. */
function canHold(directory: string): boolean {
  if (directory === privateDirectory()) return true;
  const isOursToMake = directory === SERVICE_DIRECTORY && !lstatOf(directory);
  return isWritable(isOursToMake ? dirname(directory) : directory);
}

/** Makes the socket's directory where it is one of ours; anybody else's must exist. */
export function prepareDirectory(path: string): void {
  refuseLongPath(path);
  const directory = dirname(path);
  if (directory === privateDirectory()) makePrivate(directory);
  if (directory === SERVICE_DIRECTORY) mkdirSync(directory, { recursive: true, mode: 0o755 });
  if (isOpenToAll(directory)) {
    throw new MeshgateError(
      'NO_PERMISSION',
      `${directory}: anybody may replace files in it, and so pose as the gateway`,
      `chmod o-w ${directory}, or choose another --socket PATH`,
    );
  }
  if (!lstatOf(directory)) {
    throw new MeshgateError(
      'SOCKET_FAILED',
      `${directory}: there is no such directory`,
      `mkdir -p ${directory}`,
    );
  }
}

function refuseLongPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= MAX_PATH_LENGTH) return;
  throw new MeshgateError(
    'SOCKET_FAILED',
    `${path}: a socket's path can have ${MAX_PATH_LENGTH} bytes, this one has ${length}`,
    'choose a shorter --socket PATH',
  );
}

/**
 * Removes the socket file that an ended gateway has left. To be called with the lock held. Only a refused connection
 * proves that nobody serves it: a gateway in another container, or another program, accepts, or this user may not ask.
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

/** Sets who may connect. `mode`: permission bits; `group`: a name or a number, or none. */
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
  if (id === undefined) throw new MeshgateError('BAD_CONFIG', `group = "${group}": there is no such group`);
  return Number(id);
}

/** In /tmp anybody may have made the directory first: it must be ours, and closed to others. */
function makePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  if (isOurs) return;
  throw new MeshgateError(
    'NO_PERMISSION',
    `${directory} is not a directory that only this user can enter`,
    `remove it, or choose another --socket PATH`,
  );
}

/** Anybody may remove and rename what lies in it: the sticky bit of /tmp forbids that. */
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
