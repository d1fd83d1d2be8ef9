import type { CancelTimer, Clock } from '../base/clock.js';
import { BATCH_SIZE } from '../protocol/message.js';

/** A request to the root is given up after this long; existing clients wait 5 s for the gateway's reply. */
const ANSWER_TIMEOUT_MS = 2000;
interface Request {
  readonly promise: Promise<boolean>;
  readonly resolve: (answered: boolean) => void;
  readonly cancelTimeout: CancelTimer;
}

/**
 * Puts a list together that the root sends in batches without an end mark: a batch that is not full ends it, a full
 * one may be followed by another or by nothing. Requests that come while one is under way share its answer.
 */
export class ListGatherer<Entry> {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #onComplete: (entries: Entry[]) => void;
  #entries: Entry[] = [];
  #isSpoilt = false;
  #cancelQuiet: CancelTimer | undefined;
  #request: Request | undefined;

  /** `quietMs`: behind a full batch, the silence after which no further one is coming. */
  constructor(clock: Clock, quietMs: number, onComplete: (entries: Entry[]) => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#onComplete = onComplete;
  }

  /**
   * `ask` sends the request, and gives a reason if it can't. Resolves with true when a whole list came in time; with
   * false when none came, or the request could not be sent.
   */
  request(ask: () => Promise<string | undefined>): Promise<boolean> {
    this.#request ??= this.#begin(ask);
    return this.#request.promise;
  }

  onBatch(entries: readonly Entry[]): void {
    this.#cancelQuiet?.();
    this.#entries.push(...entries);
    if (entries.length < BATCH_SIZE) this.#complete();
    else this.#completeWhenQuiet();
  }

  /** A batch came that could not be read: what is under way will be no whole list. */
  spoil(): void {
    if (this.#entries.length === 0 && !this.#request) return;
    this.#isSpoilt = true;
    this.#cancelQuiet?.();
    this.#completeWhenQuiet();
  }

  /** The root has begun anew, or is gone: what has come is no whole list, and what was asked is not answered. */
  abandon(): void {
    this.#cancelQuiet?.();
    this.#entries = [];
    this.#isSpoilt = false;
    this.#settle(this.#request, false);
  }

  #begin(ask: () => Promise<string | undefined>): Request {
    let resolve: (answered: boolean) => void = () => {};
    const promise = new Promise<boolean>((settle) => {
      resolve = settle;
    });
    const cancelTimeout = this.#clock.after(ANSWER_TIMEOUT_MS, () => this.#settle(request, false));
    const request: Request = { promise, resolve, cancelTimeout };
    void ask().then((failure) => failure !== undefined && this.#settle(request, false));
    return request;
  }

  #completeWhenQuiet(): void {
    this.#cancelQuiet = this.#clock.after(this.#quietMs, () => this.#complete());
  }

  #complete(): void {
    const entries = this.#entries;
    const isWhole = !this.#isSpoilt;
    this.#entries = [];
    this.#isSpoilt = false;
    if (isWhole) this.#onComplete(entries);
    this.#settle(this.#request, isWhole);
  }

  /** A request is over once: what is said of an earlier one does not touch the present one. */
  #settle(request: Request | undefined, answered: boolean): void {
    if (!request || request !== this.#request) return;
    this.#request = undefined;
    request.cancelTimeout();
    request.resolve(answered);
  }
}
