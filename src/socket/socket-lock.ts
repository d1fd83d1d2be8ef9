/**
 * Who may listen on a socket path. The lock is a Unix socket in Linux's abstract namespace, named after the path: the
 * kernel gives it to one process only and takes it back when that process ends, however it ends. Whoever connects to
 * it is told the holder's process id.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { MeshgateError, systemErrorCode } from '../errors.js';

export interface SocketLock {
  release(): Promise<void>;
}

/** A living holder answers at once. */
const HOLDER_TIMEOUT_MS = 1000;

/** Takes the lock, or rejects with `SOCKET_TAKEN` that names the holder's process id. The directory must exist. */
export async function lockSocket(path: string): Promise<SocketLock> {
  if (process.platform !== 'linux') return { release: async () => {} };
  const name = lockName(path);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${process.pid}\n`);
  });
  server.unref();
  try {
    await listen(server, name);
  } catch (error) {
    if (systemErrorCode(error) !== 'EADDRINUSE') throw error;
    throw socketTaken(path, await askHolder(name));
  }
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
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

/** Two names of one file give one lock. */
function lockName(path: string): string {
  const real = join(realpathSync(dirname(path)), basename(path));
  return `\0meshgate/${createHash('sha256').update(real).digest('hex')}`;
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
