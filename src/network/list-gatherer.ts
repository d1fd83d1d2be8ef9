import type { CancelTimer, Clock } from '../base/clock.js';
import { BATCH_SIZE } from '../protocol/message.js';

/** A request to the root fails after this time; existing clients wait 5 s for the gateway's reply. */
const ANSWER_TIMEOUT_MS = 2000;
interface Request {
  readonly promise: Promise<boolean>;
  readonly resolve: (answered: boolean) => void;
  readonly cancelTimeout: CancelTimer;
}

/**
 * Collects a list that the root sends in batches without an end mark: a batch that is not full ends the list, a full one
 * may be followed by another or by nothing. Requests made while one is pending share its answer.
 */
export class ListGatherer<Entry> {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #onComplete: (entries: Entry[]) => void;
  #entries: Entry[] = [];
  #isIncomplete = false;
  #cancelQuiet: CancelTimer | undefined;
  #request: Request | undefined;

  /** `quietMs`: the silence after a full batch that ends the list. */
  constructor(clock: Clock, quietMs: number, onComplete: (entries: Entry[]) => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#onComplete = onComplete;
  }

  /**
   * `ask` sends the request, and resolves with a reason if it can't. Resolves with true when a complete list came in time;
   * with false when none came, or the request could not be sent.
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

  /** A batch could not be decoded: the current list will be incomplete. */
  markIncomplete(): void {
    if (this.#entries.length === 0 && !this.#request) return;
    this.#isIncomplete = true;
    this.#cancelQuiet?.();
    this.#completeWhenQuiet();
  }

  /** The root has restarted, or the link is down: drops the partial list; a pending request resolves with false. */
  abandon(): void {
    this.#cancelQuiet?.();
    this.#entries = [];
    this.#isIncomplete = false;
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
    const isComplete = !this.#isIncomplete;
    this.#entries = [];
    this.#isIncomplete = false;
    if (isComplete) this.#onComplete(entries);
    this.#settle(this.#request, isComplete);
  }

  /** Settles a request once: a late result of an earlier request does not affect the current one. */
  #settle(request: Request | undefined, answered: boolean): void {
    if (!request || request !== this.#request) return;
    this.#request = undefined;
    request.cancelTimeout();
    request.resolve(answered);
  }
}
