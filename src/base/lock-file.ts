/**
 * A lock on a name in a directory, held until the process ends, also across network namespaces: all processes that share
 * the directory share the lock. It is a Unix socket file with a unique name; connections to it are refused as soon as
 * its process has ended for whatever reason. Hosts that share a directory over a network do not see each other's locks.
 *
 *     .NAME.lock-ID      listening; answers `PID PIDNS holding` or `PID PIDNS trying`
 *     .NAME.newlock-ID   not listening yet; ignored by others
 *
 * Each starter creates its own file first, then checks the others: of two, at least one sees the other. One that sees a
 * holder gives up. Of several starters, those with higher ids withdraw, and the one with the lowest waits for them.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemErrorCode } from './errors.js';

/** The process that holds a lock. */
export interface LockHolder {
  /** Undefined if unknown, or not valid in this process namespace. */
  readonly pid: string | undefined;
  /** It is in another process namespace, such as another container. */
  readonly isElsewhere: boolean;
}

export interface FileLock {
  /** Its file still exists: no other process can have taken the lock. */
  isInPlace(): boolean;
  release(): Promise<void>;
}

type Answer = { readonly state: 'gone' } | ({ readonly state: 'holding' | 'trying' | 'silent' } & LockHolder);

/** A running process answers at once on an idle machine; a stopped one does not, and counts as a holder. */
const ANSWER_TIMEOUT_MS = 3000;
const RETRY_PAUSE_MS = 20;
/** Processes that start at the same time need far fewer. */
const MAX_ROUNDS = 150;
/** Linux's `sun_path` without its final zero. */
const MAX_PATH_LENGTH = 107;
/** Every user who can enter the directory may ask. */
const MODE = 0o777;
/** Age of a `.newlock` file whose process must have been killed while starting. */
const LEFTOVER_AFTER_MS = 60_000;

/** This user can't create sockets in the directory: locking is not possible there. */
export class NoLockFiles extends Error {}

/** Takes the lock. Resolves with the holder if another process has it; rejects with `NoLockFiles`. */
export async function takeFileLock(path: string): Promise<FileLock | LockHolder> {
  for (let round = 0; ; round++) {
    const mine = await LockFile.create(path);
    const found = await mine.checkOthers();
    if (found === 'free') return mine;
    await mine.release();
    if (found !== 'retry') return found;
    if (round === MAX_ROUNDS) return { pid: undefined, isElsewhere: false };
    await pause(RETRY_PAUSE_MS * (1 + Math.random()));
  }
}

/** The holder of the lock; undefined if it is free. */
export async function findFileLockHolder(path: string): Promise<LockHolder | undefined> {
  for (const name of lockNames(path)) {
    const answer = await ask(dirname(path), name);
    if (answer.state === 'holding' || answer.state === 'silent') return answer;
  }
  return undefined;
}

class LockFile implements FileLock {
  readonly #path: string;
  readonly #id: string;
  readonly #server: Server;
  #state: 'holding' | 'trying' = 'trying';
  #inode = 0;

  private constructor(path: string, id: string) {
    this.#path = path;
    this.#id = id;
    this.#server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(`${process.pid} ${pidNamespace()} ${this.#state}\n`, () => socket.destroy());
    });
    this.#server.unref();
  }

  /** Listens before the file gets the name that others look for, so that any process that finds it gets an answer. */
  static async create(path: string): Promise<LockFile> {
    const lock = new LockFile(path, randomBytes(6).toString('hex'));
    const directory = dirname(path);
    const hidden = `.${basename(path)}.newlock-${lock.#id}`;
    try {
      await withSocketPath(directory, hidden, (short) => listenOn(lock.#server, short));
      chmodSync(join(directory, hidden), MODE);
      renameSync(join(directory, hidden), lock.#file);
      lock.#inode = lstatSync(lock.#file).ino;
    } catch (error) {
      await lock.release();
      throw new NoLockFiles(`${directory}: ${systemErrorCode(error) ?? error}`, { cause: error });
    }
    return lock;
  }

  get #file(): string {
    return join(dirname(this.#path), `${lockPrefix(this.#path)}${this.#id}`);
  }

  isInPlace(): boolean {
    return lstatSync(this.#file, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  async checkOthers(): Promise<'free' | 'retry' | LockHolder> {
    const own = basename(this.#file);
    for (const name of lockNames(this.#path).filter((other) => other !== own)) {
      const answer = await this.#untilDecided(name, name > own);
      if (answer.state === 'gone') remove(join(dirname(this.#path), name));
      else if (answer.state === 'trying') return 'retry';
      else return answer;
    }
    if (!this.isInPlace()) return 'retry';
    this.#state = 'holding';
    removeLeftovers(this.#path);
    return 'free';
  }

  release(): Promise<void> {
    remove(this.#file);
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** One with a higher id withdraws when it sees this file, unless it checked earlier: then it will hold the lock soon. */
  async #untilDecided(name: string, isHigher: boolean): Promise<Answer> {
    for (let round = 0; ; round++) {
      const answer = await ask(dirname(this.#path), name);
      if (answer.state !== 'trying' || !isHigher || round === MAX_ROUNDS) return answer;
      await pause(RETRY_PAUSE_MS);
    }
  }
}

function lockPrefix(path: string): string {
  return `.${basename(path)}.lock-`;
}

function lockNames(path: string): string[] {
  return namesWith(path, lockPrefix(path)).sort();
}

function namesWith(path: string, prefix: string): string[] {
  try {
    return readdirSync(dirname(path)).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

function removeLeftovers(path: string): void {
  for (const name of namesWith(path, `.${basename(path)}.newlock-`)) {
    const file = join(dirname(path), name);
    const age = Date.now() - (lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > LEFTOVER_AFTER_MS) remove(file);
  }
}

/** In a sticky directory another user's file can't be removed; it is harmless. */
function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {}
}

function listenOn(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}

function ask(directory: string, name: string): Promise<Answer> {
  return withSocketPath(directory, name, (path) => askAt(path)).catch(() => ({ state: 'gone' }) as const);
}

function askAt(path: string): Promise<Answer> {
  return new Promise((resolve) => {
    let text = '';
    let isGone = false;
    const socket = connect(path);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      text = (text + chunk.toString('latin1')).slice(0, 64);
    });
    socket.on('error', (error) => {
      isGone = ['ECONNREFUSED', 'ENOENT'].includes(systemErrorCode(error) ?? '');
    });
    socket.on('close', () => resolve(isGone ? { state: 'gone' } : readAnswer(text)));
  });
}

function readAnswer(text: string): Answer {
  const state = / (holding|trying)\n/.exec(text)?.[1];
  return { state: state === 'holding' || state === 'trying' ? state : 'silent', ...readHolder(text) };
}

/** Parses a holder's answer: `PID PIDNS …`; without an answer the holder is unknown. */
export function readHolder(text: string): LockHolder {
  const [, pid, namespace] = /^(\d+)(?: (\S+))?/.exec(text) ?? [];
  const isElsewhere = namespace !== undefined && namespace !== pidNamespace();
  return { pid: isElsewhere ? undefined : pid, isElsewhere };
}

/** Process ids are valid only within a namespace. */
export function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '-';
  }
}

/** A path that is too long for a socket is replaced by one through its directory's descriptor. */
async function withSocketPath<Result>(
  directory: string,
  name: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= MAX_PATH_LENGTH) return use(path);
  const fd = openSync(directory, 'r');
  try {
    return await use(`/proc/self/fd/${fd}/${name}`);
  } finally {
    closeSync(fd);
  }
}
