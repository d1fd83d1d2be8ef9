import type { CancelTimer, Clock } from '../../src/base/clock.js';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly task: () => void;
}

/** A clock that stands still until a test moves it. Timers run in the order in which they are due. */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startsAt = Date.UTC(2026, 0, 1)) {
    this.#now = startsAt;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, task: () => void): CancelTimer {
    const timer: Timer = { due: this.#monotonic + ms, order: this.#order++, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Pending timers. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Moves time on, running each timer at the moment when it is due. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (let timer = this.#nextUntil(end); timer; timer = this.#nextUntil(end)) {
      this.#timers.delete(timer);
      this.#moveTo(timer.due);
      timer.task();
    }
    this.#moveTo(end);
  }

  /** Sets the host clock without moving timers, as a time server does. */
  setHostClock(now: number): void {
    this.#now = now;
  }

  #nextUntil(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (!next || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) next = timer;
    }
    return next;
  }

  #moveTo(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}

/** Lets promises that are already settled run their reactions; a few rounds, since they are chained. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 20; round++) await Promise.resolve();
}
