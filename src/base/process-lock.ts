/**
 * A lock on a path, held by one process at a time. On Linux it has two parts: a Unix socket in the abstract namespace,
 * named after the path, which the kernel removes when the process ends for whatever reason; and a socket file next to
 * the path (lock-file.ts), because each network namespace has its own abstract sockets and two containers may share a
 * directory. Both send the holder's process id to anyone who connects. On other systems there is only the file.
 */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { systemErrorCode } from './errors.js';
import {
  type FileLock,
  findFileLockHolder,
  type LockHolder,
  NoLockFiles,
  pidNamespace,
  readHolder,
  takeFileLock,
} from './lock-file.js';

export interface ProcessLock {
  /** Why it works only within this network namespace; undefined if it works for all who share the directory. */
  readonly limit: string | undefined;
  /** Recreates the file if it was removed. Rejects with `LockHeld` if another process has taken the lock meanwhile. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

/** Another process has the lock. */
export class LockHeld extends Error {
  constructor(readonly holder: LockHolder) {
    super(`${describeHolder(holder)} has the lock`);
  }
}

/** A running holder answers at once. */
const HOLDER_TIMEOUT_MS = 1000;

/** Takes the lock, or rejects with `LockHeld`. The path need not exist; two names of one file share one lock. */
export async function takeLock(path: string): Promise<ProcessLock> {
  const real = realPath(path);
  const server = process.platform === 'linux' ? await takeName(lockName(real)) : undefined;
  try {
    return new HeldLock(real, server, await fileLock(real));
  } catch (error) {
    await close(server);
    throw error;
  }
}

/** The holder of the lock; undefined if it is free. The directory need not exist. */
export async function findLockHolder(path: string): Promise<LockHolder | undefined> {
  const real = realPath(path);
  const byName = process.platform === 'linux' ? await askHolder(lockName(real)) : undefined;
  return byName ?? findFileLockHolder(real);
}

/** For people: `the gateway with process id 12`, `another program` … */
export function describeHolder({ pid, isElsewhere }: LockHolder): string {
  if (isElsewhere) return 'a gateway in another container';
  return pid === undefined ? 'another program' : `the gateway with process id ${pid}`;
}

class HeldLock implements ProcessLock {
  readonly #path: string;
  readonly #server: Server | undefined;
  #file: FileLock | string;

  constructor(path: string, server: Server | undefined, file: FileLock | string) {
    this.#path = path;
    this.#server = server;
    this.#file = file;
  }

  get limit(): string | undefined {
    return typeof this.#file === 'string' ? this.#file : undefined;
  }

  async renew(): Promise<void> {
    if (typeof this.#file !== 'string' && this.#file.isInPlace()) return;
    const old = this.#file;
    this.#file = await fileLock(this.#path);
    if (typeof old !== 'string') await old.release();
  }

  async release(): Promise<void> {
    if (typeof this.#file !== 'string') await this.#file.release();
    await close(this.#server);
  }
}

/** The lock, or the reason why files can't be used for it. Rejects with `LockHeld`. */
async function fileLock(path: string): Promise<FileLock | string> {
  try {
    const taken = await takeFileLock(path);
    if ('release' in taken) return taken;
    throw new LockHeld(taken);
  } catch (error) {
    if (error instanceof NoLockFiles) return error.message;
    throw error;
  }
}

/** Rejects with `LockHeld`. Any user of the machine may connect, so connections are closed at once. */
async function takeName(name: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${process.pid} ${pidNamespace()}\n`, () => socket.destroy());
  });
  server.unref();
  try {
    await listen(server, name);
    return server;
  } catch (error) {
    if (systemErrorCode(error) !== 'EADDRINUSE') throw error;
    throw new LockHeld((await askHolder(name)) ?? { pid: undefined, isElsewhere: false });
  }
}

/** Resolves links in the path as far as its directories exist. */
function realPath(path: string): string {
  const full = resolve(path);
  const directory = dirname(full);
  if (directory === full) return full;
  const real = existsSync(directory) ? realpathSync(directory) : realPath(directory);
  return join(real, basename(full));
}

function lockName(real: string): string {
  return `\0meshgate/${createHash('sha256').update(real).digest('hex')}`;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => resolve());
  });
}

function close(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => (server ? server.close(() => resolve()) : resolve()));
}

/** Undefined if no process is listening there. */
function askHolder(name: string): Promise<LockHolder | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    let isFree = false;
    const socket = connect(name);
    socket.setTimeout(HOLDER_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer = (answer + chunk.toString('latin1')).slice(0, 64);
    });
    socket.on('error', (error) => {
      isFree = systemErrorCode(error) === 'ECONNREFUSED';
    });
    socket.on('close', () => resolve(isFree ? undefined : readHolder(answer)));
  });
}
