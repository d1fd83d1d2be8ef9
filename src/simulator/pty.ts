import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { lstatSync, readlinkSync, rmSync } from 'node:fs';
import createDebug from 'debug';
import { type Clock, systemClock } from '../base/clock.js';
import { errorText, MeshgateError, systemErrorCode } from '../base/errors.js';

const debug = createDebug('meshgate:simulator');

/** socat needs some ten milliseconds; a busy computer more. */
const APPEARS_WITHIN_MS = 5_000;
const CHECK_EVERY_MS = 10;
const ENDS_WITHIN_MS = 1_000;
/** What waits for a reader that is absent or slow, bytes; 5.7 s of a full line at 115200 baud. */
const MAX_WAITING_BYTES = 65_536;
/** What socat said last is enough to know why it failed. */
const MAX_COMPLAINT_LENGTH = 1_000;

export interface PtyHandlers {
  /** Bytes that the other side has written, as they come. */
  onBytes(chunk: Buffer): void;
  /** The pseudo-terminal has gone by itself. `detail` says how, for the log. */
  onExit(detail: string): void;
}

/** One side of a pseudo-terminal; who opens `path` as a serial port has the other. */
export interface Pty {
  readonly path: string;
  /** Bytes that were dropped because nobody read. */
  readonly droppedBytes: number;
  /** Hands bytes over in one piece. False when they were dropped, whole, because too much waits already. */
  write(bytes: Buffer): boolean;
  /** Hangs up and takes the path away. Safe at any time, any number of times; `onExit` is not called. */
  close(): Promise<void>;
}

/**
 * Makes a pseudo-terminal whose name is `path`, a symbolic link; an old symbolic link is replaced.
 * socat holds it, in a process of its own: when that is killed, the other side sees a real hang-up.
 * Rejects with `TOOL_MISSING` without socat, with `BAD_USAGE` when the path is taken or can't be made.
 */
export async function openPty(path: string, handlers: PtyHandlers, clock: Clock = systemClock): Promise<Pty> {
  makeWay(path);
  const pty = new SocatPty(path, handlers, clock);
  try {
    await pty.appears();
    return pty;
  } catch (error) {
    await pty.close();
    throw error;
  }
}

class SocatPty implements Pty {
  readonly path: string;
  readonly #handlers: PtyHandlers;
  readonly #clock: Clock;
  readonly #socat: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<void>;
  #state: 'appearing' | 'serving' | 'closing' | 'exited' = 'appearing';
  #failure: MeshgateError | undefined;
  #complaint = '';
  #target: string | undefined;
  #droppedBytes = 0;

  constructor(path: string, handlers: PtyHandlers, clock: Clock) {
    this.path = path;
    this.#handlers = handlers;
    this.#clock = clock;
    const args = ['-', `pty,raw,echo=0,link=${escapeAddress(path)}`];
    // Ctrl-C in a terminal is for this process alone: were socat to end first, its end would be taken for a failure.
    this.#socat = spawn('socat', args, { detached: true });
    this.#exited = new Promise((resolve) => {
      this.#socat.once('error', (error) => resolve(this.#onExit(errorText(error), spawnFailure(error))));
      this.#socat.once('close', (code, signal) => resolve(this.#onExit(`socat ended: ${signal ?? code}`)));
    });
    this.#listen();
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Waits for the link to be there. */
  async appears(): Promise<void> {
    for (let waitedMs = 0; waitedMs < APPEARS_WITHIN_MS; waitedMs += CHECK_EVERY_MS) {
      if (this.#state === 'exited') break;
      this.#target = readLink(this.path);
      if (this.#target !== undefined) return this.#serve();
      await Promise.race([this.#exited, this.#sleep(CHECK_EVERY_MS)]);
    }
    throw this.#failure ?? this.#notMade();
  }

  write(bytes: Buffer): boolean {
    const { stdin } = this.#socat;
    const fits = stdin.writable && stdin.writableLength + bytes.length <= MAX_WAITING_BYTES;
    if (fits) stdin.write(Buffer.from(bytes));
    else this.#droppedBytes += bytes.length;
    return fits;
  }

  async close(): Promise<void> {
    if (this.#state !== 'exited') {
      this.#state = 'closing';
      this.#socat.stdout.resume();
      this.#socat.kill();
      await Promise.race([this.#exited, this.#sleep(ENDS_WITHIN_MS)]);
      this.#socat.kill('SIGKILL');
    }
    this.#removeLink();
  }

  /** The path is seen by others first: what they have written since then waits in the pipe, and is read from here on. */
  #serve(): void {
    this.#state = 'serving';
    this.#socat.stdout.on('data', (chunk: Buffer) => {
      if (this.#state === 'serving') this.#handlers.onBytes(chunk);
    });
  }

  #listen(): void {
    this.#socat.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-MAX_COMPLAINT_LENGTH);
    });
    this.#socat.stdin.on('error', (error) => debug('%s: %s', this.path, errorText(error)));
  }

  #onExit(detail: string, failure?: MeshgateError): void {
    const wasServing = this.#state === 'serving';
    this.#state = 'exited';
    this.#failure ??= failure;
    debug('%s: %s', this.path, detail);
    if (!wasServing) return;
    this.#removeLink();
    this.#handlers.onExit(detail);
  }

  /** Only the link that this pseudo-terminal made: somebody else may have taken the path since. */
  #removeLink(): void {
    const isOurs = this.#target !== undefined && readLink(this.path) === this.#target;
    if (isOurs) rmSync(this.path, { force: true });
    this.#target = undefined;
  }

  #notMade(): MeshgateError {
    const reason = this.#complaint.trim() || 'socat did not make it in time';
    return new MeshgateError('BAD_USAGE', `no pseudo-terminal at ${this.path}: ${reason}`);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

function spawnFailure(error: Error): MeshgateError | undefined {
  if (systemErrorCode(error) !== 'ENOENT') return undefined;
  return new MeshgateError(
    'TOOL_MISSING',
    'a pseudo-terminal needs socat, which is not installed',
    'apt-get install socat',
    { cause: error },
  );
}

/** An old link goes; anything else at the path is somebody's, and stays. */
function makeWay(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSymbolicLink()) {
    throw new MeshgateError('BAD_USAGE', `${path} is there already, and is no pseudo-terminal`);
  }
  rmSync(path);
}

/** Where a symbolic link leads; undefined when there is none. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** socat's own punctuation, taken as plain characters. */
function escapeAddress(path: string): string {
  return path.replace(/[\\,:!"'(){}[\]]/g, '\\$&');
}
