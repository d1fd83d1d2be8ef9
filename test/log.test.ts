import test from 'ava';
import { createLog } from '../src/log.js';
import { ManualClock } from './support/manual-clock.js';

function startLog() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 12, 30, 5));
  const lines: string[] = [];
  return { clock, lines, log: createLog('uart', (line) => lines.push(line), clock) };
}

test('a line names the time of day and the room', (t) => {
  const { lines, log } = startLog();
  log.info('the link is up');
  t.deepEqual(lines, ['12:30:05 uart: the link is up']);
});

test('repeats of one fault become one line with their count and the latest text', (t) => {
  const { clock, lines, log } = startLog();
  for (const at of [3, 4, 5, 6]) log.warn('malformed', `bad at byte ${at}`);
  clock.advance(9_999);
  t.deepEqual(lines, ['12:30:05 uart: bad at byte 3']);
  clock.advance(1);
  t.deepEqual(lines.slice(1), ['12:30:15 uart: bad at byte 6 (3 more in 10 s)']);
});

test('a fault that came once says nothing more, and is printed again when it comes later', (t) => {
  const { clock, lines, log } = startLog();
  log.warn('malformed', 'bad');
  clock.advance(10_000);
  t.is(lines.length, 1);
  log.warn('malformed', 'bad');
  t.is(lines.length, 2);
});

test('different faults do not hide one another', (t) => {
  const { lines, log } = startLog();
  log.warn('malformed 5', 'bad from 5');
  log.warn('malformed 6', 'bad from 6');
  t.is(lines.length, 2);
});

test('details are not shown without DEBUG', (t) => {
  const { lines, log } = startLog();
  log.debug('%s', 'detail');
  t.deepEqual(lines, []);
});
