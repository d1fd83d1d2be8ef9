import type { Clock } from './clock.js';

/** A token bucket: allows `atOnce` at first, then `perSecond`. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #atOnce: number;
  readonly #perSecond: number;
  #left: number;
  /** Monotonic ms. */
  #countedAt: number;

  constructor(clock: Clock, { atOnce, perSecond }: { atOnce: number; perSecond: number }) {
    this.#clock = clock;
    this.#atOnce = atOnce;
    this.#perSecond = perSecond;
    this.#left = atOnce;
    this.#countedAt = clock.monotonic();
  }

  /** Takes `amount`; returns false, and takes nothing, if that is more than is left. */
  take(amount = 1): boolean {
    const now = this.#clock.monotonic();
    this.#left = Math.min(this.#atOnce, this.#left + ((now - this.#countedAt) / 1000) * this.#perSecond);
    this.#countedAt = now;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}
