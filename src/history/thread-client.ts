import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../base/clock.js';
import { packageRoot } from '../base/package-root.js';
import { THREAD_DIED } from './store-fault.js';
import type { FromThread, ThreadSettings, ToThread } from './thread-messages.js';

/** Located from the package's root, since bundling moves this module into another file. */
const THREAD = join(packageRoot, 'dist', 'src', 'history', 'store-thread.js');
const OPEN_TIMEOUT_MS = 30_000;
/** Time for the last events to be written at the end; systemd kills a service after 20 s. */
const CLOSE_TIMEOUT_MS = 10_000;
/** Batches are short-lived; without a limit V8 would keep 25 MB more for them. */
const YOUNG_MB = 8;

type FirstWord = Extract<FromThread, { kind: 'opened' | 'waiting' | 'unavailable' }>;
type Reply = Extract<FromThread, { kind: 'closed' }>;

/** Messages after the thread's first word, which can be `opened` too. */
export type ThreadNews = Exclude<FromThread, { kind: 'waiting' | 'unavailable' } | Reply>;

export interface ThreadClientHandlers {
  onNews(news: ThreadNews): void;
  /** The thread has died; a new client may be created. */
  onDeath(why: string): void;
}

/** The gateway's end of the store's thread. */
export class ThreadClient {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #handlers: ThreadClientHandlers;
  #isOver = false;
  #hasSpoken = false;
  #onFirstWord: (word: FirstWord) => void = () => {};
  #onClosed: () => void = () => {};
  /** Resolves with the thread's first word. */
  readonly opened: Promise<FirstWord>;

  constructor(settings: ThreadSettings, clock: Clock, handlers: ThreadClientHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
    this.#worker = new Worker(THREAD, {
      workerData: settings,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.on('message', (message: FromThread) => this.#onMessage(message));
    this.#worker.on('error', (error) => this.#onDeath(error.message));
    this.#worker.on('exit', () => this.#onDeath('the thread ended unexpectedly'));
    this.opened = new Promise((resolve) => {
      const cancel = clock.after(OPEN_TIMEOUT_MS, () => this.#onFirstWord(TOO_SLOW));
      this.#onFirstWord = (word) => {
        this.#hasSpoken = true;
        cancel();
        resolve(word);
      };
    });
  }

  post(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /**
   * Lets the thread write the last events, and waits up to the limit. A thread that is still inside SQLite is left to end
   * with the process: terminating it there can crash the process.
   */
  async close(lastSeq: number, limitMs: number = CLOSE_TIMEOUT_MS): Promise<void> {
    const isClosed = await new Promise<boolean>((resolve) => {
      this.#onClosed = () => resolve(true);
      this.#clock.after(limitMs, () => resolve(false));
      this.post({ kind: 'close', lastSeq });
    });
    this.#isOver = true;
    if (isClosed) await this.end();
    else this.#worker.unref();
  }

  /** Terminates the thread. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#worker.terminate();
  }

  #onMessage(message: FromThread): void {
    switch (message.kind) {
      case 'waiting':
      case 'unavailable':
        this.#onFirstWord(message);
        break;
      case 'opened':
        if (this.#hasSpoken) this.#handlers.onNews(message);
        else this.#onFirstWord(message);
        break;
      case 'closed':
        this.#onClosed();
        break;
      default:
        this.#handlers.onNews(message);
    }
  }

  #onDeath(cause: string): void {
    const why = `${THREAD_DIED}: ${cause}`;
    this.#onFirstWord({ kind: 'waiting', why });
    this.#onClosed();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.onDeath(why);
  }
}

const TOO_SLOW: FirstWord = { kind: 'waiting', why: 'opening it takes too long' };
