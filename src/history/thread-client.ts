import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../clock.js';
import { ArchiveError, type ArchiveFailure } from '../network/archive.js';
import { packageRoot } from '../package-root.js';
import type { Answer, FromThread, Question, ThreadSettings, ToThread } from './thread-messages.js';

/** By the package's folder, since this file may have become part of another. */
const THREAD = join(packageRoot, 'dist', 'src', 'history', 'store-thread.js');
const OPEN_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 5000;
/** What is handed over is gone as soon as it is stored; of itself V8 would keep 25 MB more for it. */
const YOUNG_MB = 8;

type FirstWord = Extract<FromThread, { kind: 'opened' | 'waiting' | 'unavailable' }>;
type Reply = Extract<FromThread, { kind: 'answer' | 'refusal' | 'closed' }>;

/** What the thread says by itself. `opened`: later than with its first word. */
export type ThreadNews = Exclude<FromThread, { kind: 'waiting' | 'unavailable' } | Reply>;

export interface ThreadClientHandlers {
  onNews(news: ThreadNews): void;
  /** The thread has died; a new client may be made. */
  onDeath(why: string): void;
}

interface Waiting {
  onAnswer(answer: Answer): void;
  onFailure(error: ArchiveError): void;
  readonly cancelTimer: CancelTimer;
}

/** The gateway's end of the store's thread. */
export class ThreadClient {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #handlers: ThreadClientHandlers;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #isOver = false;
  #hasSpoken = false;
  #onFirstWord: (word: FirstWord) => void = () => {};
  #onClosed: () => void = () => {};
  /** Resolves with what the thread says of the store. */
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
    this.#worker.on('exit', () => this.#onDeath('its thread has ended'));
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

  /** Rejects with an `ArchiveError`. */
  ask(question: Question): Promise<Answer> {
    if (this.#isOver) return Promise.reject(new ArchiveError('closed'));
    const id = ++this.#asked;
    return new Promise((onAnswer, onFailure) => {
      const cancelTimer = this.#clock.after(ANSWER_TIMEOUT_MS, () =>
        this.#settle(id, (waiting) => waiting.onFailure(new ArchiveError('timedOut'))),
      );
      this.#waiting.set(id, { onAnswer, onFailure, cancelTimer });
      this.post({ kind: 'ask', id, question });
    });
  }

  /** Lets the thread write its last word, but does not wait for ever. */
  async close(lastSeq: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      this.#clock.after(CLOSE_TIMEOUT_MS, resolve);
      this.post({ kind: 'close', lastSeq });
    });
    await this.end('closed');
  }

  /** Ends the thread as it is. */
  async end(reason: ArchiveFailure): Promise<void> {
    this.#isOver = true;
    this.#failWaiting(reason);
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
      case 'answer':
        this.#settle(message.id, (waiting) => waiting.onAnswer(message.answer));
        break;
      case 'refusal':
        this.#settle(message.id, (waiting) => waiting.onFailure(new ArchiveError('failed', message.why)));
        break;
      case 'closed':
        this.#onClosed();
        break;
      default:
        this.#handlers.onNews(message);
    }
  }

  #onDeath(why: string): void {
    this.#onFirstWord({ kind: 'waiting', why });
    this.#onClosed();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failWaiting('failed');
    this.#handlers.onDeath(why);
  }

  #settle(id: number, run: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    waiting.cancelTimer();
    run(waiting);
  }

  #failWaiting(reason: ArchiveFailure): void {
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, (waiting) => waiting.onFailure(new ArchiveError(reason)));
    }
  }
}

const TOO_SLOW: FirstWord = { kind: 'waiting', why: 'it takes too long to open' };
