import type { CancelTimer, Clock } from '../base/clock.js';

/** Passes on at most one item per interval: the first at once, then the newest when the interval ends. */
export class FeedLane<Item> {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #pass: (item: Item) => void;
  #nextAt = Number.NEGATIVE_INFINITY;
  #waiting: { item: Item; readonly cancel: CancelTimer } | undefined;

  constructor(clock: Clock, intervalMs: number, pass: (item: Item) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#pass = pass;
  }

  /** Returns false if the item replaces a waiting one, which is then dropped. */
  offer(item: Item): boolean {
    if (this.#waiting) {
      this.#waiting.item = item;
      return false;
    }
    const waitMs = this.#nextAt - this.#clock.monotonic();
    if (waitMs <= 0) this.#passOn(item);
    else this.#waiting = { item, cancel: this.#clock.after(waitMs, () => this.flush()) };
    return true;
  }

  /** Passes on the waiting item, if any. */
  flush(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    waiting.cancel();
    this.#waiting = undefined;
    this.#passOn(waiting.item);
  }

  #passOn(item: Item): void {
    this.#nextAt = this.#clock.monotonic() + this.#intervalMs;
    this.#pass(item);
  }
}
