import test from 'ava';
import { type Clock, every, RunningClock } from '../../src/base/clock.js';

/** A clock that stops as a process does: timers that fall due meanwhile run late, all at once, when it resumes. */
class StoppableClock implements Clock {
  #ms = 0;
  readonly #timers = new Set<{ due: number; task: () => void }>();

  now(): number {
    return 1e12 + this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  after(ms: number, task: () => void) {
    const timer = { due: this.#ms + ms, task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  run(ms: number): void {
    for (let step = 0; step < ms; step += 10) this.stop(10);
  }

  stop(ms: number): void {
    this.#ms += ms;
    for (const timer of [...this.#timers].sort((a, b) => a.due - b.due)) {
      if (timer.due > this.#ms || !this.#timers.delete(timer)) continue;
      timer.task();
    }
  }
}

function start() {
  const raw = new StoppableClock();
  const clock = new RunningClock(raw);
  clock.monotonic();
  raw.run(1000);
  return { raw, clock };
}

test('time during which the process is stopped does not count, and time never goes back', (t) => {
  const { raw, clock } = start();
  const before = clock.monotonic();
  raw.stop(14_000);
  const after = clock.monotonic();
  t.true(after >= before && after - before < 300, `${after - before} ms`);
  raw.run(5000);
  t.true(Math.abs(clock.monotonic() - after - 5000) <= 10);
});

test('a timer that falls due during a stop waits for its remaining time', (t) => {
  const { raw, clock } = start();
  let runs = 0;
  clock.after(5000, () => runs++);
  raw.run(2000);
  raw.stop(60_000);
  t.is(runs, 0, 'pending input is read first');
  raw.run(2500);
  t.is(runs, 0);
  raw.run(800);
  t.is(runs, 1);
});

test('a timer that was nearly due lets pending input be read first', (t) => {
  const { raw, clock } = start();
  const seen: string[] = [];
  clock.after(500, () => seen.push('judged'));
  raw.run(490);
  raw.stop(10_000);
  seen.push('read');
  raw.run(400);
  t.deepEqual(seen, ['read', 'judged']);
});

test('a cancelled timer does not run after a stop either', (t) => {
  const { raw, clock } = start();
  const cancel = clock.after(500, () => t.fail());
  raw.stop(10_000);
  cancel();
  raw.run(2000);
  t.pass();
});

test('an interval of a second continues after a stop, once a second', (t) => {
  const { raw, clock } = start();
  let runs = 0;
  every(clock, 1000, () => runs++);
  raw.stop(30_000);
  raw.run(4000);
  t.true(runs === 3 || runs === 4, `${runs}`);
});

test('a timer that is late by less than a second runs like any late timer', (t) => {
  const { raw, clock } = start();
  let runs = 0;
  clock.after(100, () => runs++);
  raw.stop(600);
  t.is(runs, 1);
});
