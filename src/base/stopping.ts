/** Stops several components within a time limit, even if some of them hang. */
import { errorText } from './errors.js';

/** Limit for the complete stop: less than supervisors allow, 20 s in packaging/meshgate.service. */
export const STOP_LIMIT_MS = 8000;

export interface StopStep {
  /** Name for the log. */
  readonly what: string;
  readonly limitMs: number;
  /** Returns undefined if there is nothing to stop. */
  readonly stop: () => Promise<unknown> | undefined;
}

/** The steps of one stop. Those that time out or fail are abandoned and listed. */
export class Stopping {
  readonly #unfinished: string[] = [];
  readonly #deadline: number;

  constructor(limitMs: number = STOP_LIMIT_MS) {
    this.#deadline = performance.now() + limitMs;
  }

  /** Steps that timed out or failed, each with its reason. */
  get unfinished(): readonly string[] {
    return this.#unfinished;
  }

  get remainingMs(): number {
    return Math.max(0, this.#deadline - performance.now());
  }

  /** Runs steps in parallel. Resolves when each has ended or timed out; never rejects. */
  async run(...steps: readonly StopStep[]): Promise<void> {
    await Promise.all(steps.map((step) => this.#bound(step)));
  }

  /** Uses a real timer that keeps the process alive: the clock of a replay may be stopped. */
  #bound({ what, limitMs, stop }: StopStep): Promise<void> {
    const ms = Math.min(limitMs, this.remainingMs);
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(`${what}: timed out after ${(ms / 1000).toFixed(1)} s`), ms);
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
