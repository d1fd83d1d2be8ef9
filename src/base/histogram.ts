/** A histogram in the form of Prometheus. */
export interface Distribution {
  readonly bounds: readonly number[];
  /** Number of measurements up to and including each bound. */
  readonly cumulative: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** Counts measurements by size, in constant memory. Cheap enough for every command that is sent. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  /** `bounds`: upper bounds, rising, inclusive. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count++;
    this.#sum += value;
  }

  snapshot(): Distribution {
    let below = 0;
    const cumulative = this.#counts.map((count) => {
      below += count;
      return below;
    });
    return { bounds: this.#bounds, cumulative, count: this.#count, sum: this.#sum };
  }
}
