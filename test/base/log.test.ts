import test from 'ava';
import { createLog, type LogFormat } from '../../src/base/log.js';
import { ManualClock } from '../support/manual-clock.js';

process.env.TZ = 'Asia/Kolkata';

function startLog() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 12, 30, 5));
  const lines: string[] = [];
  return { clock, lines, log: createLog('uart', (line) => lines.push(line), clock) };
}

test('a line has the local time of day and the component', (t) => {
  const { lines, log } = startLog();
  log.info('the link is up');
  t.deepEqual(lines, ['18:00:05 uart: the link is up']);
});

test.serial('in the hour that repeats when clocks are set back, the time has its offset', (t) => {
  process.env.TZ = 'Europe/Berlin';
  t.teardown(() => {
    process.env.TZ = 'Asia/Kolkata';
  });
  const times = ['2026-10-24T23:30:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map((at) => {
    const lines: string[] = [];
    createLog('uart', (line) => lines.push(line), new ManualClock(Date.parse(at))).info('x');
    return lines[0];
  });
  t.deepEqual(times, ['01:30:00 uart: x', '02:30:00+02:00 uart: x', '02:30:00+01:00 uart: x']);
});

test('repeats of one warning become one line with their count and the latest text', (t) => {
  const { clock, lines, log } = startLog();
  for (const at of [3, 4, 5, 6]) log.warn('malformed', `bad at byte ${at}`);
  clock.advance(9_999);
  t.deepEqual(lines, ['18:00:05 uart: bad at byte 3']);
  clock.advance(1);
  t.deepEqual(lines.slice(1), ['18:00:15 uart: bad at byte 6 (3 more in 10 s)']);
});

test('a warning that came once is not summarized, and is printed again when it recurs later', (t) => {
  const { clock, lines, log } = startLog();
  log.warn('malformed', 'bad');
  clock.advance(10_000);
  t.is(lines.length, 1);
  log.warn('malformed', 'bad');
  t.is(lines.length, 2);
});

test('different warnings do not hide one another', (t) => {
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

test('in JSON each line is one object: time, level, room, text, and for warnings the fault and its repeats', (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 12, 30, 5));
  const lines: string[] = [];
  const log = createLog(
    'uart',
    (line) => lines.push(line),
    clock,
    () => 'json',
  );
  log.info('a "quoted"\nline');
  for (const at of [3, 4, 5]) log.warn('malformed', `bad at byte ${at}`);
  clock.advance(10_000);
  t.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      { time: '2026-01-01T12:30:05.000Z', level: 'info', room: 'uart', text: 'a "quoted"\nline' },
      {
        time: '2026-01-01T12:30:05.000Z',
        level: 'warn',
        room: 'uart',
        text: 'bad at byte 3',
        fault: 'malformed',
        repeats: 0,
      },
      {
        time: '2026-01-01T12:30:15.000Z',
        level: 'warn',
        room: 'uart',
        text: 'bad at byte 5',
        fault: 'malformed',
        repeats: 2,
      },
    ],
  );
  for (const line of lines) t.false(line.includes('\n'));
});

test('the format may change while the gateway runs', (t) => {
  const lines: string[] = [];
  let format: LogFormat = 'text';
  const log = createLog(
    'uart',
    (line) => lines.push(line),
    new ManualClock(0),
    () => format,
  );
  log.info('one');
  format = 'json';
  log.info('two');
  t.is(lines[0], '05:30:00 uart: one');
  t.is(JSON.parse(lines[1] ?? '').text, 'two');
});

test('an info line with a key is counted when it repeats, as a warning is', (t) => {
  const { clock, lines, log } = startLog();
  for (let times = 1; times <= 50; times++) log.info(`restarted, ${times}`, 'restart');
  clock.advance(10_000);
  t.deepEqual(lines, ['18:00:05 uart: restarted, 1', '18:00:15 uart: restarted, 50 (49 more in 10 s)']);
});

test('warnings that vary are bounded too: beyond a hundred they are counted as one', (t) => {
  const { clock, lines, log } = startLog();
  for (let node = 1; node <= 10_000; node++) log.warn(`bad ${node}`, `bad from ${node}`);
  t.is(lines.length, 101);
  clock.advance(10_000);
  t.deepEqual(lines.slice(101), ['18:00:15 uart: bad from 10000 (9899 more in 10 s)']);
});

test('internal errors have a level of their own, and are marked as such in plain text too', (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 12, 30, 5));
  const lines: string[] = [];
  let format: LogFormat = 'text';
  const log = createLog(
    'api',
    (line, level) => lines.push(`${level} ${line}`),
    clock,
    () => format,
  );
  log.error('internal error', 'status: Error: oops');
  log.error('internal error', 'nodes: Error: oops');
  clock.advance(10_000);
  format = 'json';
  log.error('thread', 'it died');
  t.deepEqual(lines, [
    'error 18:00:05 api: error: status: Error: oops',
    'error 18:00:15 api: error: nodes: Error: oops (1 more in 10 s)',
    'error {"time":"2026-01-01T12:30:15.000Z","level":"error","room":"api","text":"it died","fault":"thread","repeats":0}',
  ]);
});
