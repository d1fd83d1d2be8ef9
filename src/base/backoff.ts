/** When what has failed is tried again: after pauses that double, to a limit. */

export interface BackoffOptions {
  /** ms. */
  readonly firstMs: number;
  /** ms, chance included. */
  readonly longestMs: number;
  /** The part of a pause that chance may add, so that many do not try in step; 0 unless given. */
  readonly jitter?: number;
  /** 0–1; where there is jitter. */
  readonly random?: () => number;
}

/** Doublings: 2^20 times the first pause is longer than any longest one. */
const MAX_FAILURES = 20;

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The pause after one more failure, in ms. `limits`: others than its own, for this once. */
  nextMs(limits: Pick<BackoffOptions, 'firstMs' | 'longestMs'> = this.#options): number {
    const { jitter = 0, random = Math.random } = this.#options;
    const pause = Math.min(limits.firstMs * 2 ** this.#failures, limits.longestMs / (1 + jitter));
    this.#failures = Math.min(this.#failures + 1, MAX_FAILURES);
    return pause * (1 + random() * jitter);
  }

  /** What has worked begins again with the first pause; or, where `failures` is given, with that of so many at most. */
  reset(failures = 0): void {
    this.#failures = Math.min(this.#failures, failures);
  }
}
