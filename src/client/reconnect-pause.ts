/** A gateway that is gone need not be asked more often. */
const LONGEST_MS = 5000;

/** Pauses before a lost connection is opened again: each twice the one before, up to 5 s. */
export class ReconnectPause {
  readonly #firstMs: number;
  #nextMs: number;

  constructor(firstMs: number) {
    this.#firstMs = firstMs;
    this.#nextMs = firstMs;
  }

  /** ms to wait before the next attempt. */
  next(): number {
    const pause = this.#nextMs;
    this.#nextMs = Math.min(pause * 2, LONGEST_MS);
    return pause;
  }

  /** The gateway is there again. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
