/** Ends what has several parts within a bound, whatever one of them waits for. */
import { errorText } from './errors.js';

/** The whole stop: less than what supervisors allow, 20 s in packaging/meshgate.service. */
export const STOP_LIMIT_MS = 8000;

export interface StopStep {
  /** What the log calls it. */
  readonly what: string;
  readonly limitMs: number;
  /** Nothing where there is nothing to stop. */
  readonly stop: () => Promise<unknown> | undefined;
}

/** Steps of one stop. Those that take too long, or fail, are left as they are, and named. */
export class Stopping {
  readonly #unfinished: string[] = [];
  readonly #deadline: number;

  constructor(limitMs: number = STOP_LIMIT_MS) {
    this.#deadline = performance.now() + limitMs;
  }

  /** Each with its reason, for the log. */
  get unfinished(): readonly string[] {
    return this.#unfinished;
  }

  get remainingMs(): number {
    return Math.max(0, this.#deadline - performance.now());
  }

  /** Runs steps side by side. Resolves when each has ended or its time is over; never rejects. */
  async run(...steps: readonly StopStep[]): Promise<void> {
    await Promise.all(steps.map((step) => this.#bound(step)));
  }

  /** A real timer that keeps the process alive: a replay's clock may stand still while it is stopped. */
  #bound({ what, limitMs, stop }: StopStep): Promise<void> {
    const ms = Math.min(limitMs, this.remainingMs);
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(`${what}: not finished after ${(ms / 1000).toFixed(1)} s`), ms);
      const end = (fault?: string) => {
        clearTimeout(timer);
        if (fault !== undefined) this.#unfinished.push(fault);
        resolve();
      };
      Promise.resolve()
        .then(stop)
        .then(
          () => end(),
          (error: unknown) => end(`${what}: ${errorText(error)}`),
        );
    });
  }
}
