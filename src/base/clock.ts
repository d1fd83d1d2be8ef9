/** Cancels a timer; harmless after it has run. */
export type CancelTimer = () => void;

/** The gateway's source of time. Passed to constructors, so that tests can control it. */
export interface Clock {
  /** Milliseconds since the epoch, host clock. */
  now(): number;
  /**
   * Milliseconds from an arbitrary start; never goes back, even if the host clock is set. Time while the process was
   * stopped does not count: it could not receive anything.
   */
  monotonic(): number;
  /** Runs `task` once after `ms` milliseconds. A waiting timer does not keep the process alive. */
  after(ms: number, task: () => void): CancelTimer;
  /** The same clock including the time while the process was stopped: for deadlines, and for measuring delays. */
  readonly raw?: Clock;
}

/** The system's clock, unmodified. */
export const rawClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Interval at which the clock checks that the event loop is running. */
const BEAT_MS = 250;
/** A longer gap between two checks means that the process was stopped (SIGSTOP, suspend) or blocked. */
const STOPPED_MS = 1000;
/** Timers delayed by a stop wait at least this much longer, so that pending input is read first. */
const READING_MS = 100;

/**
 * A clock that stops while the process is stopped. A timer that was due in that time waits for the rest of its time:
 * otherwise a resumed process would check for silence before it reads pending input, and would mistake its own absence
 * for that of nodes, the root or clients.
 */
export class RunningClock implements Clock {
  readonly raw: Clock;
  #checkedAt: number;
  #stoppedMs = 0;
  #isBeating = false;

  constructor(raw: Clock) {
    this.raw = raw;
    this.#checkedAt = raw.monotonic();
  }

  now(): number {
    return this.raw.now();
  }

  monotonic(): number {
    const now = this.raw.monotonic();
    const gap = now - this.#checkedAt;
    if (this.#isBeating && gap > STOPPED_MS) this.#stoppedMs += gap;
    this.#checkedAt = now;
    this.#beat();
    return now - this.#stoppedMs;
  }

  after(ms: number, task: () => void): CancelTimer {
    const due = this.monotonic() + ms;
    const stoppedBefore = this.#stoppedMs;
    let cancel = this.raw.after(ms, () => {
      const left = due - this.monotonic();
      if (this.#stoppedMs === stoppedBefore) task();
      else cancel = this.after(Math.max(left, READING_MS), task);
    });
    return () => cancel();
  }

  /** Starts on first use, so that importing this file starts no timer. */
  #beat(): void {
    if (this.#isBeating) return;
    this.#isBeating = true;
    every(this.raw, BEAT_MS, () => this.monotonic());
  }
}

const runningClock = new RunningClock(rawClock);

export const systemClock: Clock = {
  now: () => runningClock.now(),
  monotonic: () => runningClock.monotonic(),
  after: (ms, task) => runningClock.after(ms, task),
  raw: rawClock,
};

/** Runs `task` every `ms` milliseconds until cancelled. */
export function every(clock: Clock, ms: number, task: () => void): CancelTimer {
  let cancel = clock.after(ms, function run() {
    cancel = clock.after(ms, run);
    task();
  });
  return () => cancel();
}
