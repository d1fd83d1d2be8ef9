/** Looks every few seconds whether clients can still connect, and has the sockets made again where they can't. */
import { type CancelTimer, type Clock, every } from '../base/clock.js';
import { errorText, MeshgateError } from '../base/errors.js';
import type { Log } from '../base/log.js';

/** Something on which clients connect. */
export interface Watched {
  /** What the log calls it. */
  readonly name: string;
  /** `again`: it had gone, and was made again. An error: why clients can't connect there. */
  check(): Promise<'there' | 'again' | Error>;
}

export interface SocketWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each look: why clients can't connect, or undefined where they can. */
  readonly onResult: (why: string | undefined) => void;
}

const CHECK_EVERY_MS = 3000;

export class SocketWatch {
  readonly #options: SocketWatchOptions;
  readonly #watched: readonly Watched[];
  #looking: Promise<void> | undefined;
  /** As the log has them. */
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

  /** Resolves when the look that is under way is over: nothing is opened after that. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#looking;
  }

  /** Looks at once. Resolves when all is as good as it can be made now. */
  tick(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<void> {
    const { log, onResult } = this.#options;
    const faults: string[] = [];
    for (const watched of this.#watched) {
      if (this.#isStopped) return;
      const found = await watched.check();
      if (found === 'again') log.warn('again', `${watched.name} had gone, and was made again`);
      if (found instanceof Error) faults.push(describe(found, watched.name));
    }
    for (const fault of faults.filter((each) => !this.#faults.includes(each))) {
      log.warn(`lost ${fault}`, `clients can not connect: ${fault}`);
    }
    this.#faults = faults;
    onResult(faults.length === 0 ? undefined : `clients can not connect: ${faults.join('; ')}`);
  }
}

function describe(error: Error, name: string): string {
  const hint = error instanceof MeshgateError && error.hint ? ` (${error.hint})` : '';
  const text = errorText(error);
  return `${text.startsWith(name) ? text : `${name}: ${text}`}${hint}`;
}
