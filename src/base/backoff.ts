/** Pauses between retries: they double up to a limit. */

export interface BackoffOptions {
  /** ms. */
  readonly firstMs: number;
  /** ms, including jitter. */
  readonly longestMs: number;
  /** Random part added to a pause, so that many do not retry in step; default 0. */
  readonly jitter?: number;
  /** 0–1, for the jitter. */
  readonly random?: () => number;
}

/** 2^20 times the first pause is longer than any limit. */
const MAX_FAILURES = 20;

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The pause after one more failure, in ms. `limits`: overrides the options for this pause. */
  nextMs(limits: Pick<BackoffOptions, 'firstMs' | 'longestMs'> = this.#options): number {
    const { jitter = 0, random = Math.random } = this.#options;
    const pause = Math.min(limits.firstMs * 2 ** this.#failures, limits.longestMs / (1 + jitter));
    this.#failures = Math.min(this.#failures + 1, MAX_FAILURES);
    return pause * (1 + random() * jitter);
  }

  /** Call after a success: starts again with the first pause, or with the one after `failures` failures. */
  reset(failures = 0): void {
    this.#failures = Math.min(this.#failures, failures);
  }
}
