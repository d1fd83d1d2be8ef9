import type { CancelTimer, Clock } from '../clock.js';
import { BATCH_SIZE } from '../protocol/message.js';

/** A request to the root is given up after this long; existing clients wait 5 s for the gateway's reply. */
const ANSWER_TIMEOUT_MS = 2000;
/** Behind a full batch another one comes at once or never: 40 entries take 63 ms on the wire. */
const QUIET_AFTER_FULL_BATCH_MS = 300;

/**
 * Puts a list together that the root sends in batches without an end mark: a batch that is not full ends it, a full
 * one may be followed by another or by nothing. Requests that come while one is under way share its answer.
 */
export class ListGatherer<Entry> {
  readonly #clock: Clock;
  readonly #onComplete: (entries: Entry[]) => void;
  #entries: Entry[] = [];
  #cancelQuiet: CancelTimer | undefined;
  #request: { readonly promise: Promise<boolean>; readonly settle: (answered: boolean) => void } | undefined;

  constructor(clock: Clock, onComplete: (entries: Entry[]) => void) {
    this.#clock = clock;
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
    else this.#cancelQuiet = this.#clock.after(QUIET_AFTER_FULL_BATCH_MS, () => this.#complete());
  }

  #begin(ask: () => Promise<string | undefined>) {
    let settle: (answered: boolean) => void = () => {};
    const promise = new Promise<boolean>((resolve) => {
      settle = resolve;
    }).finally(() => {
      this.#request = undefined;
      cancelTimeout();
    });
    const cancelTimeout = this.#clock.after(ANSWER_TIMEOUT_MS, () => settle(false));
    void ask().then((failure) => failure !== undefined && settle(false));
    return { promise, settle };
  }

  #complete(): void {
    const entries = this.#entries;
    this.#entries = [];
    this.#onComplete(entries);
    this.#request?.settle(true);
  }
}
