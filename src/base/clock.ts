/** Ends a timer; harmless when it has already run. */
export type CancelTimer = () => void;

/** Time as the gateway sees it. Handed in by constructor, so that tests move it by hand. */
export interface Clock {
  /** Milliseconds since the epoch, host clock. */
  now(): number;
  /**
   * Milliseconds from an arbitrary start; never goes back, whatever happens to the host clock. Time in which the process
   * was stopped does not count: it could hear nothing.
   */
  monotonic(): number;
  /** Runs `task` once after `ms` milliseconds. A waiting timer does not keep the process alive. */
  after(ms: number, task: () => void): CancelTimer;
  /** The same, with the time in which the process was stopped: for what must be on time, and what measures delays. */
  readonly raw?: Clock;
}

/** The system's clock as it is. */
export const rawClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** So often the clock notes that the event loop turns. */
const BEAT_MS = 250;
/** A longer gap between two notes: the process was stopped (SIGSTOP, a machine that slept), or kept busy by itself. */
const STOPPED_MS = 1000;
/** What came meanwhile is read first: timers that a stop has made late wait this much longer. */
const READING_MS = 100;

/**
 * A clock that stands still while the process does. A timer that falls due in such a stop waits for what was left of its
 * time: else a process that goes on would judge a silence before it reads what had come, and take its own absence for
 * that of nodes, of the root and of clients.
 */
export class RunningClock implements Clock {
  readonly raw: Clock;
  #notedAt: number;
  #stoppedMs = 0;
  #isBeating = false;

  constructor(raw: Clock) {
    this.raw = raw;
    this.#notedAt = raw.monotonic();
  }

  now(): number {
    return this.raw.now();
  }

  monotonic(): number {
    const now = this.raw.monotonic();
    const gap = now - this.#notedAt;
    if (this.#isBeating && gap > STOPPED_MS) this.#stoppedMs += gap;
    this.#notedAt = now;
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

  /** Begins with the first use: what only imports this file has no timer. */
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
