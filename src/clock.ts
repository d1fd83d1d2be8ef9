/** Ends a timer; harmless when it has already run. */
export type CancelTimer = () => void;

/** Time as the gateway sees it. Handed in by constructor, so that tests move it by hand. */
export interface Clock {
  /** Milliseconds since the epoch, host clock. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back, whatever happens to the host clock. */
  monotonic(): number;
  /** Runs `task` once after `ms` milliseconds. A waiting timer does not keep the process alive. */
  after(ms: number, task: () => void): CancelTimer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Runs `task` every `ms` milliseconds until cancelled. */
export function every(clock: Clock, ms: number, task: () => void): CancelTimer {
  let cancel = clock.after(ms, function run() {
    cancel = clock.after(ms, run);
    task();
  });
  return () => cancel();
}
