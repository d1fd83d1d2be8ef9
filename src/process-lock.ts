/**
 * A lock on a path that only one process has. It is a Unix socket in Linux's abstract namespace, named after the path:
 * the kernel takes it back when the process ends, however it ends. Whoever connects to it is told the holder's process
 * id. On other systems there is no such lock, and everybody gets it.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { systemErrorCode } from './errors.js';

export interface ProcessLock {
  release(): Promise<void>;
}

/** Another process has the lock; `pid`: which, where it says so. */
export class LockHeld extends Error {
  constructor(readonly pid: string | undefined) {
    super(pid === undefined ? 'another program has the lock' : `process ${pid} has the lock`);
  }
}

/** A living holder answers at once. */
const HOLDER_TIMEOUT_MS = 1000;

/** Takes the lock, or rejects with `LockHeld`. The path need not exist; two names of one file give one lock. */
export async function takeLock(path: string): Promise<ProcessLock> {
  if (process.platform !== 'linux') return { release: async () => {} };
  const name = lockName(path);
  /** Any user of the machine may connect to it: nobody is kept. */
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${process.pid}\n`, () => socket.destroy());
  });
  server.unref();
  try {
    await listen(server, name);
  } catch (error) {
    if (systemErrorCode(error) !== 'EADDRINUSE') throw error;
    throw new LockHeld(await askHolder(name));
  }
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function lockName(path: string): string {
  const real = join(realPathOf(resolve(dirname(path))), basename(path));
  return `\0meshgate/${createHash('sha256').update(real).digest('hex')}`;
}

/** As far as the path exists; the rest as it is written. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined || path === dirname(path)) throw error;
    return join(realPathOf(dirname(path)), basename(path));
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => resolve());
  });
}

function askHolder(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(name);
    socket.setTimeout(HOLDER_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer = (answer + chunk.toString('latin1')).slice(0, 16);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(/^\d+/.exec(answer)?.[0]));
  });
}
