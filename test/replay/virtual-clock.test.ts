import test from 'ava';
import { VirtualClock } from '../../src/replay/virtual-clock.js';

test('timers run when they are due, in order of time, then of creation', async (t) => {
  const clock = new VirtualClock(1000);
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name} ${clock.monotonic()} ${clock.now()}`);
  clock.after(30, note('c'));
  clock.after(10, note('a'));
  clock.after(10, note('b'));
  clock.after(10, note('never'))();
  clock.after(100, note('later'));
  await clock.pass(50);
  t.deepEqual(ran, ['a 10 1010', 'b 10 1010', 'c 30 1030']);
  t.is(clock.monotonic(), 50);
});

test('promises run between two timers', async (t) => {
  const clock = new VirtualClock(0);
  const ran: string[] = [];
  clock.after(10, async () => {
    for (let step = 0; step < 5; step++) {
      await Promise.resolve();
      ran.push(`promise ${step}`);
    }
    clock.after(0, () => ran.push('set by the promise'));
  });
  clock.after(10, () => ran.push('second'));
  await clock.pass(10);
  t.deepEqual(ran, [
    'promise 0',
    'promise 1',
    'promise 2',
    'promise 3',
    'promise 4',
    'second',
    'set by the promise',
  ]);
});

test('the host clock can be set, has whole milliseconds, and moves no timer', async (t) => {
  const clock = new VirtualClock(1_777_615_200_000);
  let ranAt = 0;
  clock.after(1000, () => {
    ranAt = clock.monotonic();
  });
  clock.moveTo(0.3);
  t.is(clock.now(), 1_777_615_200_000);
  clock.setHostClock(5_000.7);
  t.is(clock.now(), 5_000);
  clock.moveTo(1.3);
  t.is(clock.now(), 5_001);
  await clock.pass(1000);
  t.is(ranAt, 1000);
  clock.moveTo(3);
  t.is(clock.monotonic(), 1001.3);
});
