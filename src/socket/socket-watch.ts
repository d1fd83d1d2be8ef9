/** Checks every few seconds that clients can connect, and reopens the sockets if they can't. */
import { type CancelTimer, type Clock, every } from '../base/clock.js';
import { errorText, MeshgateError } from '../base/errors.js';
import type { Log } from '../base/log.js';

/** A socket to watch. */
export interface Watched {
  /** Its name in the log. */
  readonly name: string;
  /** `again`: it was lost and has been reopened. An error: why clients can't connect. */
  check(): Promise<'there' | 'again' | Error>;
}

export interface SocketWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each check with the reason why clients can't connect, or undefined. */
  readonly onResult: (why: string | undefined) => void;
}

const CHECK_EVERY_MS = 3000;

export class SocketWatch {
  readonly #options: SocketWatchOptions;
  readonly #watched: readonly Watched[];
  #checking: Promise<void> | undefined;
  /** Faults that have been logged. */
  #faults: readonly string[] = [];
  #isStopped = true;
  #cancelTimer: CancelTimer = () => {};

  constructor(watched: readonly Watched[], options: SocketWatchOptions) {
    this.#watched = watched;
    this.#options = options;
  }

  start(): void {
    this.#isStopped = false;
    this.#cancelTimer = every(this.#options.clock, CHECK_EVERY_MS, () => void this.tick());
  }

  /** Resolves when the current check has ended: nothing is opened after that. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#checking;
  }

  /** Checks now. Resolves when all sockets have been checked. */
  tick(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#checking ??= this.#checkAll().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #checkAll(): Promise<void> {
    const { log, onResult } = this.#options;
    const faults: string[] = [];
    for (const watched of this.#watched) {
      if (this.#isStopped) return;
      const found = await watched.check();
      if (found === 'again') log.warn('again', `${watched.name} was removed; reopened it`);
      if (found instanceof Error) faults.push(describe(found, watched.name));
    }
    for (const fault of faults.filter((each) => !this.#faults.includes(each))) {
      log.warn(`lost ${fault}`, `clients can't connect: ${fault}`);
    }
    this.#faults = faults;
    onResult(faults.length === 0 ? undefined : `clients can't connect: ${faults.join('; ')}`);
  }
}

function describe(error: Error, name: string): string {
  const hint = error instanceof MeshgateError && error.hint ? ` (${error.hint})` : '';
  const text = errorText(error);
  return `${text.startsWith(name) ? text : `${name}: ${text}`}${hint}`;
}
