import type { CancelTimer, Clock } from '../base/clock.js';

interface Timer {
  /** Monotonic ms. */
  readonly due: number;
  readonly order: number;
  readonly task: () => void;
}

/** A clock that is moved by hand. Timers run in the order in which they are due. */
export class VirtualClock implements Clock {
  /** Called when a timer is set, since it may be the next one. */
  onTimer: () => void = () => {};
  readonly #timers = new Set<Timer>();
  #monotonic = 0;
  /** Host clock minus monotonic clock. */
  #offset: number;
  #order = 0;

  /** `startsAt`: ms since the epoch, host clock. */
  constructor(startsAt: number) {
    this.#offset = startsAt;
  }

  /** Integer milliseconds, as from a host clock. */
  now(): number {
    return Math.floor(Math.round((this.#monotonic + this.#offset) * 1000) / 1000);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, task: () => void): CancelTimer {
    const timer: Timer = { due: this.#monotonic + Math.max(0, ms), order: this.#order++, task };
    this.#timers.add(timer);
    this.onTimer();
    return () => this.#timers.delete(timer);
  }

  /** Monotonic ms at which the next timer is due; Infinity without one. */
  get nextDue(): number {
    return this.#next()?.due ?? Number.POSITIVE_INFINITY;
  }

  /** Moves to the next timer and runs it. */
  runNext(): void {
    const timer = this.#next();
    if (!timer) return;
    this.#timers.delete(timer);
    this.moveTo(timer.due);
    timer.task();
  }

  /** Moves forward without running timers; never back. */
  moveTo(monotonic: number): void {
    this.#monotonic = Math.max(this.#monotonic, monotonic);
  }

  /** Sets the host clock, as a time server does. */
  setHostClock(now: number): void {
    this.#offset = now - this.#monotonic;
  }

  /** Runs everything that is due in the next `ms`, one timer after the other. */
  async pass(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    while (this.nextDue <= end) {
      this.runNext();
      await promisesRan();
    }
    this.moveTo(end);
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (!next || isBefore(timer, next)) next = timer;
    return next;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}

/** Resolves after all promises that can settle have settled. */
export function promisesRan(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
