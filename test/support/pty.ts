import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Waiters } from './waiters.js';

/** Tests that need a real pseudo-terminal: `const ptyTest = hasSocat ? test : test.skip`. */
export const hasSocat = spawnSync('socat', ['-V']).status === 0;

export interface PtyOptions {
  /** The far side sends zeros as fast as the pseudo-terminal takes them; `write` is then not possible. */
  readonly flood?: boolean;
}

/** A pseudo-terminal: `path` is the serial port, the methods are the board at its other end. */
export interface Pty {
  readonly path: string;
  /** Sends bytes to the program that has the port open; they may be still in transfer when it resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** All bytes sent to the board so far. */
  received(): Buffer;
  /** Resolves with everything received as soon as it is enough. */
  readUntil(isEnough: (received: Buffer) => boolean): Promise<Buffer>;
  /** The board stops reading bytes, so that its pseudo-terminal fills up; `thaw` resumes. */
  freeze(): void;
  thaw(): void;
  /** The board is unplugged: the port hangs up and its path is removed. Resolves when it has happened. */
  hangUp(): Promise<void>;
  /** Ends and removes everything. Safe after `hangUp` and any number of times. */
  close(): Promise<void>;
}

/** Opens a pseudo-terminal with socat; it is ready when this resolves, in some 10 ms. */
export async function openPty(options: PtyOptions = {}): Promise<Pty> {
  const directory = mkdtempSync(join(tmpdir(), 'meshgate-pty-'));
  const path = join(directory, 'tty');
  const board = startSocat(path, options.flood === true);
  try {
    await ready(board);
    return new SocatPty(path, directory, board);
  } catch (error) {
    board.kill('SIGKILL');
    rmSync(directory, { recursive: true });
    throw error;
  }
}

function startSocat(path: string, flood: boolean): ChildProcess {
  const zeros = flood ? openSync('/dev/zero', 'r') : undefined;
  const args = ['-d', '-d', '-', `pty,raw,echo=0,link=${path}`];
  const board = spawn('socat', args, { stdio: [zeros ?? 'pipe', 'pipe', 'pipe'] });
  if (zeros !== undefined) closeSync(zeros);
  return board;
}

/** socat prints to its standard error when it has created the pseudo-terminal and its link. */
async function ready(board: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    board.on('error', reject);
    board.on('exit', () => reject(new Error(`socat ended: ${said}`)));
    board.stderr?.on('data', (text: Buffer) => {
      said += text.toString();
      if (said.includes('starting data transfer loop')) resolve();
    });
  });
}

class SocatPty implements Pty {
  readonly path: string;
  readonly #directory: string;
  readonly #board: ChildProcess;
  readonly #input: Writable | null;
  readonly #exited: Promise<unknown>;
  /** socat ends when the last user closes the port, so the test itself is one more. */
  readonly #holder: number;
  readonly #waiters = new Waiters(() => `${this.#received.length} bytes`);
  #received = Buffer.alloc(0);
  #closed = false;

  constructor(path: string, directory: string, board: ChildProcess) {
    this.path = path;
    this.#directory = directory;
    this.#board = board;
    this.#input = board.stdin;
    this.#holder = openSync(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
    this.#exited = once(board, 'exit');
    this.#input?.on('error', () => undefined);
    (board.stdout as Readable).on('data', (bytes: Buffer) => this.#onReceived(bytes));
  }

  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      if (!this.#input) reject(new Error('a flooding board has no input'));
      else this.#input.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  received(): Buffer {
    return this.#received;
  }

  readUntil(isEnough: (received: Buffer) => boolean): Promise<Buffer> {
    return this.#waiters.until(() => isEnough(this.#received) && this.#received);
  }

  freeze(): void {
    this.#board.kill('SIGSTOP');
  }

  thaw(): void {
    this.#board.kill('SIGCONT');
  }

  async hangUp(): Promise<void> {
    this.#board.kill('SIGKILL');
    await this.#exited;
    rmSync(this.path, { force: true });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.hangUp();
    closeSync(this.#holder);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #onReceived(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    this.#waiters.look();
  }
}
