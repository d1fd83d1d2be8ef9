import type { CancelTimer, Clock } from '../base/clock.js';

/** Passes on the newest of each interval of what comes faster: the first at once, the last when its interval ends. */
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

  /** False where it replaces one that was waiting, which nobody will see. */
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

  /** Passes on what waits. */
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
