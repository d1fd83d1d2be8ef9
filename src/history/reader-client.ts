import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { packageRoot } from '../base/package-root.js';
import { ArchiveError, type ArchiveFailure, type Asker } from '../hub/archive.js';
import type { DataType } from '../protocol/data-types.js';
import type { Answer, FromReader, Question, ReaderSettings, ToReader } from './thread-messages.js';

const THREAD = join(packageRoot, 'dist', 'src', 'history', 'reader-thread.js');
/** From the request to its answer, including the turns of others. */
const ANSWER_TIMEOUT_MS = 30_000;
/** The thread ends after this long without a read: it uses about 10 MB. */
const IDLE_MS = 60_000;
/** The thread ends after its current slice of work. */
const CLOSE_TIMEOUT_MS = 1000;
/** Maximum reads that wait, per client and in total: a dashboard that requests all its plots at once has some dozens. */
const MAX_WAITING_OF_ONE = 256;
const MAX_WAITING = 2048;
/** A page of values is short-lived: it goes to the gateway at once. */
const YOUNG_MB = 8;

const COUNTED = ['reads', 'readsRefused', 'readsTimedOut', 'readsCancelled', 'readsFailed'] as const;

const COUNTED_AS: Readonly<Record<ArchiveFailure, (typeof COUNTED)[number]>> = {
  busy: 'readsRefused',
  timedOut: 'readsTimedOut',
  cancelled: 'readsCancelled',
  closed: 'readsCancelled',
  failed: 'readsFailed',
};

interface Waiting {
  readonly owner: string;
  onAnswer(answer: Answer): void;
  onFailure(error: ArchiveError): void;
  stopWatching(): void;
}

/** The gateway's end of the thread that reads the store. The thread runs only while it is needed. */
export class ReaderClient {
  #settings: ReaderSettings;
  readonly #clock: Clock;
  readonly #onDeath: (why: string) => void;
  readonly #counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #waiting = new Map<number, Waiting>();
  readonly #waitingOf = new Map<string, number>();
  #worker: Worker | undefined;
  #cancelIdle: CancelTimer | undefined;
  #lastId = 0;
  #isClosed = false;

  /** `onDeath`: the thread has died; the next read starts a new one. */
  constructor(settings: ReaderSettings, clock: Clock, onDeath: (why: string) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#onDeath = onDeath;
  }

  /** Rejects with an `ArchiveError`. */
  ask(question: Question, { owner, signal }: Asker): Promise<Answer> {
    const refusal = this.#refusalFor(owner, signal);
    if (refusal) {
      this.#counters.add(COUNTED_AS[refusal]);
      return Promise.reject(new ArchiveError(refusal));
    }
    const id = ++this.#lastId;
    this.#counters.add('reads');
    return new Promise((onAnswer, onFailure) => {
      const cancelTimer = this.#clock.after(ANSWER_TIMEOUT_MS, () => this.#giveUp(id, 'timedOut'));
      const onAbort = () => this.#giveUp(id, 'cancelled');
      signal?.addEventListener('abort', onAbort, { once: true });
      const stopWatching = () => {
        cancelTimer();
        signal?.removeEventListener('abort', onAbort);
      };
      this.#waiting.set(id, { owner, onAnswer, onFailure, stopWatching });
      this.#waitingOf.set(owner, (this.#waitingOf.get(owner) ?? 0) + 1);
      this.#post({ kind: 'ask', id, owner, question });
    });
  }

  /** A source has declared these types. */
  declare(types: readonly DataType[]): void {
    this.#settings = { ...this.#settings, dataTypes: [...this.#settings.dataTypes, ...types] };
    this.#worker?.postMessage({ kind: 'declare', types } satisfies ToReader);
  }

  counters() {
    return this.#counters.snapshot();
  }

  /** Ends the reads in progress, and the thread, for which it waits up to a limit. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const id of [...this.#waiting.keys()]) this.#fail(id, 'closed');
    this.#cancelIdle?.();
    await this.#endThread();
  }

  #refusalFor(owner: string, signal: AbortSignal | undefined): ArchiveFailure | undefined {
    if (this.#isClosed) return 'closed';
    if (signal?.aborted) return 'cancelled';
    const isFull =
      this.#waiting.size >= MAX_WAITING || (this.#waitingOf.get(owner) ?? 0) >= MAX_WAITING_OF_ONE;
    return isFull ? 'busy' : undefined;
  }

  #post(message: ToReader): void {
    this.#cancelIdle?.();
    this.#worker ??= this.#startThread();
    this.#worker.postMessage(message);
  }

  #startThread(): Worker {
    const worker = new Worker(THREAD, {
      workerData: this.#settings,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.unref();
    worker.on('message', (message: FromReader) => this.#onMessage(message));
    worker.on('error', (error) => this.#onThreadEnd(worker, error.message));
    worker.on('exit', () => this.#onThreadEnd(worker, 'the thread ended unexpectedly'));
    return worker;
  }

  #onMessage(message: FromReader): void {
    if (message.kind === 'refusal') this.#fail(message.id, 'failed', message.why);
    else this.#settle(message.id)?.onAnswer(message.answer);
  }

  /** Waiting reads fail; the next read starts a new thread. */
  #onThreadEnd(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#onDeath(why);
    for (const id of [...this.#waiting.keys()]) this.#fail(id, 'failed', why);
  }

  #giveUp(id: number, reason: ArchiveFailure): void {
    this.#fail(id, reason);
    this.#worker?.postMessage({ kind: 'cancel', id } satisfies ToReader);
  }

  #fail(id: number, reason: ArchiveFailure, detail?: string): void {
    const waiting = this.#settle(id);
    if (!waiting) return;
    this.#counters.add(COUNTED_AS[reason]);
    waiting.onFailure(new ArchiveError(reason, detail));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (!waiting) return undefined;
    this.#waiting.delete(id);
    const left = (this.#waitingOf.get(waiting.owner) ?? 1) - 1;
    if (left > 0) this.#waitingOf.set(waiting.owner, left);
    else this.#waitingOf.delete(waiting.owner);
    waiting.stopWatching();
    if (this.#waiting.size === 0 && !this.#isClosed) {
      this.#cancelIdle = this.#clock.after(IDLE_MS, () => void this.#endThread());
    }
    return waiting;
  }

  /** The thread ends itself: terminating a thread while it is inside SQLite can crash the process. */
  async #endThread(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    this.#worker = undefined;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, resolve);
      worker.once('exit', () => {
        cancel();
        resolve();
      });
      worker.postMessage({ kind: 'close' } satisfies ToReader);
    });
  }
}
