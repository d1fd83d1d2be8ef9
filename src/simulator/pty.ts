import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { lstatSync, readlinkSync, rmSync } from 'node:fs';
import createDebug from 'debug';
import { type Clock, systemClock } from '../base/clock.js';
import { errorText, MeshgateError, systemErrorCode } from '../base/errors.js';

const debug = createDebug('meshgate:simulator');

/** socat needs some ten milliseconds; more on a busy computer. */
const START_TIMEOUT_MS = 5_000;
const CHECK_EVERY_MS = 10;
const STOP_TIMEOUT_MS = 1_000;
/** Bytes that may wait for an absent or slow reader: 5.7 s of a full line at 115200 baud. */
const MAX_WAITING_BYTES = 65_536;
/** Characters of socat's last output, to show why it failed. */
const MAX_STDERR_LENGTH = 1_000;

export interface PtyHandlers {
  /** Bytes written by the other side. */
  onBytes(chunk: Buffer): void;
  /** The pseudo-terminal has ended unexpectedly. `detail`: why, for the log. */
  onExit(detail: string): void;
}

/** One side of a pseudo-terminal; the other side is opened as the serial port `path`. */
export interface Pty {
  readonly path: string;
  /** Bytes dropped because nobody read them. */
  readonly droppedBytes: number;
  /** Writes all bytes, or none: returns false if they were dropped because too many are waiting. */
  write(bytes: Buffer): boolean;
  /** Hangs up and removes the path. Safe at any time, any number of times; `onExit` is not called. */
  close(): Promise<void>;
}

/**
 * Creates a pseudo-terminal at `path`, a symbolic link; an old symbolic link is replaced.
 * socat holds it, in its own process: when that is killed, the other side sees a real hang-up.
 * Rejects with `TOOL_MISSING` without socat, with `BAD_USAGE` if the path is in use or can't be created.
 */
export async function openPty(path: string, handlers: PtyHandlers, clock: Clock = systemClock): Promise<Pty> {
  removeOldLink(path);
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
  #stderr = '';
  #target: string | undefined;
  #droppedBytes = 0;

  constructor(path: string, handlers: PtyHandlers, clock: Clock) {
    this.path = path;
    this.#handlers = handlers;
    this.#clock = clock;
    const args = ['-', `pty,raw,echo=0,link=${escapeAddress(path)}`];
    // Detached, so that Ctrl-C in a terminal does not end socat first, which would look like a failure.
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

  /** Waits until the link exists. */
  async appears(): Promise<void> {
    for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += CHECK_EVERY_MS) {
      if (this.#state === 'exited') break;
      this.#target = readLink(this.path);
      if (this.#target !== undefined) return this.#serve();
      await Promise.race([this.#exited, this.#sleep(CHECK_EVERY_MS)]);
    }
    throw this.#failure ?? this.#createError();
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
      await Promise.race([this.#exited, this.#sleep(STOP_TIMEOUT_MS)]);
      this.#socat.kill('SIGKILL');
    }
    this.#removeLink();
  }

  /** Others may have written since the path exists: those bytes wait in the pipe and are read from here on. */
  #serve(): void {
    this.#state = 'serving';
    this.#socat.stdout.on('data', (chunk: Buffer) => {
      if (this.#state === 'serving') this.#handlers.onBytes(chunk);
    });
  }

  #listen(): void {
    this.#socat.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-MAX_STDERR_LENGTH);
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

  /** Removes the link only if it is ours: another process may have replaced it. */
  #removeLink(): void {
    const isOurs = this.#target !== undefined && readLink(this.path) === this.#target;
    if (isOurs) rmSync(this.path, { force: true });
    this.#target = undefined;
  }

  #createError(): MeshgateError {
    const reason = this.#stderr.trim() || `socat did not create it within ${START_TIMEOUT_MS / 1000} s`;
    return new MeshgateError('BAD_USAGE', `can't create a pseudo-terminal at ${this.path}: ${reason}`);
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

/** Removes an old symbolic link; anything else at the path is left alone. */
function removeOldLink(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSymbolicLink()) {
    throw new MeshgateError('BAD_USAGE', `${path} exists and is not a pseudo-terminal`);
  }
  rmSync(path);
}

/** The target of a symbolic link; undefined if there is none. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Escapes the characters that have a meaning for socat. */
function escapeAddress(path: string): string {
  return path.replace(/[\\,:!"'(){}[\]]/g, '\\$&');
}
