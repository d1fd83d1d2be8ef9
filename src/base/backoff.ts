const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** When what has failed is tried again: after pauses that double, to a limit. */
export class Backoff {
  readonly #monotonic: () => number;
  #pauseMs = 0;
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  get isDue(): boolean {
    return this.#monotonic() >= this.#dueAt;
  }

  onFailure(): void {
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs === 0 ? FIRST_PAUSE_MS : this.#pauseMs * 2);
    this.#dueAt = this.#monotonic() + this.#pauseMs;
  }

  onSuccess(): void {
    this.#pauseMs = 0;
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }
}
