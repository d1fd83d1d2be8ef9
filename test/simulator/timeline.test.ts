import test from 'ava';
import { Random } from '../../src/simulator/random.js';
import { Timeline } from '../../src/simulator/timeline.js';
import { ManualClock } from '../support/manual-clock.js';
import { LateClock } from './recorder.js';

test('tasks run by due time, and tasks of the same moment in the order in which they were scheduled', (t) => {
  const clock = new ManualClock();
  const timeline = new Timeline(clock);
  const random = Random.of(1);
  const ran: { due: number; order: number }[] = [];
  const planned = Array.from({ length: 1000 }, (_, order) => ({ due: random.int(0, 99), order }));
  for (const entry of planned) timeline.at(entry.due, () => ran.push(entry));
  timeline.begin();
  clock.advance(100);
  t.deepEqual(
    ran,
    planned.toSorted((a, b) => a.due - b.due || a.order - b.order),
  );
});

test('events see their due time, however late the timer fires', (t) => {
  const clock = new ManualClock();
  const timeline = new Timeline(new LateClock(clock));
  const seen: number[] = [];
  timeline.every(10, 3, () => seen.push(timeline.now));
  timeline.begin();
  clock.advance(75);
  clock.advance(100);
  t.deepEqual(seen.slice(0, 5), [3, 13, 23, 33, 43]);
  t.true(seen.length >= 15);
});

test('nothing happens before time starts', (t) => {
  const clock = new ManualClock();
  const timeline = new Timeline(clock);
  timeline.at(0, () => t.fail());
  clock.advance(1000);
  t.is(timeline.now, 0);
});

test('a cancelled event does not happen, nor one after the end', (t) => {
  const clock = new ManualClock();
  const timeline = new Timeline(clock);
  timeline.begin();
  timeline.at(5, () => t.fail())();
  timeline.at(50, () => t.fail());
  clock.advance(10);
  timeline.stop();
  clock.advance(100);
  t.pass();
});

test('a task can cancel its own repetition', (t) => {
  const clock = new ManualClock();
  const timeline = new Timeline(clock);
  timeline.begin();
  let runs = 0;
  const cancel = timeline.every(10, 10, () => {
    runs++;
    if (runs === 3) cancel();
  });
  clock.advance(200);
  t.is(runs, 3);
});

test('external events run after what was due before, and never at once', (t) => {
  const clock = new ManualClock();
  const late = new LateClock(clock);
  const timeline = new Timeline(late);
  timeline.begin();
  const order: string[] = [];
  timeline.at(5, () => order.push(`planned ${timeline.now}`));
  clock.advance(8);
  timeline.soon(() => order.push(`outside ${timeline.now}`));
  t.deepEqual(order, []);
  clock.advance(100);
  t.deepEqual(order, ['planned 5', 'outside 8']);
});
