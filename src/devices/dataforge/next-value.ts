import type { CancelTimer, Clock } from '../../base/clock.js';

/** Waits for the next of something: one waiter at a time, with a time-out. */
export class NextValue<Value> {
  readonly #clock: Clock;
  #waiting: { resolve(value: Value): void; reject(error: Error): void; cancel: CancelTimer } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects after `ms`, and when another wait begins. */
  next(ms: number): Promise<Value> {
    this.fail(new Error('replaced by another wait'));
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => this.fail(new Error(`nothing within ${ms / 1000} s`)));
      this.#waiting = { resolve, reject, cancel };
    });
  }

  /** False if nobody waits. */
  offer(value: Value): boolean {
    const waiting = this.#end();
    waiting?.resolve(value);
    return waiting !== undefined;
  }

  fail(error: Error): void {
    this.#end()?.reject(error);
  }

  #end() {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.cancel();
    return waiting;
  }
}
