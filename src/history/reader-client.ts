import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { packageRoot } from '../base/package-root.js';
import { ArchiveError, type ArchiveFailure, type Asker } from '../hub/archive.js';
import type { DataType } from '../protocol/data-types.js';
import type { Answer, FromReader, Question, ReaderSettings, ToReader } from './thread-messages.js';

const THREAD = join(packageRoot, 'dist', 'src', 'history', 'reader-thread.js');
/** From the request to its answer, turns of others included. */
const ANSWER_TIMEOUT_MS = 30_000;
/** The thread goes when nobody has asked for so long: it holds some 10 MB. */
const IDLE_MS = 60_000;
/** It ends after the slice of work that it is at. */
const CLOSE_TIMEOUT_MS = 1000;
/** Reads that may wait, of one client and of all: a page that asks for all its plots at once has some dozens. */
const MAX_WAITING_OF_ONE = 256;
const MAX_WAITING = 2048;
/** A page of values is handed over, not kept. */
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

/** The gateway's end of the thread that reads the store; it runs only while there is something to read. */
export class ReaderClient {
  #settings: ReaderSettings;
  readonly #clock: Clock;
  readonly #onDeath: (why: string) => void;
  readonly #counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #waiting = new Map<number, Waiting>();
  readonly #waitingOf = new Map<string, number>();
  #worker: Worker | undefined;
  #cancelIdle: CancelTimer | undefined;
  #asked = 0;
  #isClosed = false;

  /** `onDeath`: the thread has ended by itself; the next read starts another one. */
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
    const id = ++this.#asked;
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

  /** Ends what is under way, and the thread. Waits for it, but not for ever. */
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
    worker.on('exit', () => this.#onThreadEnd(worker, 'its thread has ended'));
    return worker;
  }

  #onMessage(message: FromReader): void {
    if (message.kind === 'refusal') this.#fail(message.id, 'failed', message.why);
    else this.#settle(message.id)?.onAnswer(message.answer);
  }

  /** What waits for it fails; the next read starts another one. */
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

  /** It ends itself: one that is ended inside better-sqlite3 takes the process with it. */
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
