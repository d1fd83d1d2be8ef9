/** Local times around the days on which clocks are set, in several time zones. */
import test from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import { formatExactMoment, formatMoment, parseTime } from '../../src/cli/text/time.js';
import { formatDateTime, formatTime, formatTimeMs } from '../../src/dashboard/format.js';
import { runToEnd } from '../support/process-fixture.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const view = { terminal: { isTTY: false, columns: undefined, colour: false }, now: 0 };

interface Zone {
  readonly name: string;
  /** A local time that occurs twice. */
  readonly repeated: string;
  readonly first: string;
  readonly second: string;
  /** A local time that is skipped. */
  readonly skipped: string;
}

const ZONES: readonly Zone[] = [
  {
    name: 'Europe/Berlin',
    repeated: '2026-10-25 02:30:00',
    first: '2026-10-25 02:30:00+02:00',
    second: '2026-10-25 02:30:00+01:00',
    skipped: '2026-03-29 02:30',
  },
  {
    name: 'America/New_York',
    repeated: '2026-11-01 01:30:00',
    first: '2026-11-01 01:30:00-04:00',
    second: '2026-11-01 01:30:00-05:00',
    skipped: '2026-03-08 02:30',
  },
  {
    name: 'Australia/Lord_Howe',
    repeated: '2026-04-05 01:45:00',
    first: '2026-04-05 01:45:00+11:00',
    second: '2026-04-05 01:45:00+10:30',
    skipped: '2026-10-04 02:15',
  },
];

for (const { name, repeated, first, second, skipped } of ZONES) {
  test.serial(`${name}: both halves of a repeated hour can be read and named`, (t) => {
    process.env.TZ = name;
    const notes: string[] = [];
    const moments = [first, second].map((text) => parseTime(text, 0, (line) => notes.push(line)));
    t.deepEqual(
      moments,
      [first, second].map((text) => Date.parse(text)),
    );
    t.deepEqual(
      moments.map((at) => formatMoment(at, view)),
      [first, second],
    );
    t.is(formatExactMoment(Date.parse(second) + 5, view), second.replace(/(?=[+-]\d\d:\d\d$)/, '.005'));
    t.deepEqual(notes, []);
  });

  test.serial(`${name}: without an offset a repeated time means the first, with a note`, (t) => {
    process.env.TZ = name;
    const notes: string[] = [];
    t.is(
      parseTime(repeated, 0, (line) => notes.push(line)),
      Date.parse(first),
    );
    t.is(notes.length, 1);
    t.true(notes[0]?.includes(first) && notes[0].includes(second), notes[0]);
  });

  test.serial(`${name}: a time that is skipped is refused, and the day has a beginning`, (t) => {
    process.env.TZ = name;
    const error = t.throws(() => parseTime(skipped, 0), { instanceOf: MeshgateError });
    t.is(error?.code, 'BAD_USAGE');
    t.regex(error?.message ?? '', /set forward/);
    const [date = ''] = skipped.split(' ');
    t.is(formatMoment(parseTime(date, 0), view), `${date} 00:00:00`);
  });

  test.serial(`${name}: no other time is shown with an offset`, (t) => {
    process.env.TZ = name;
    const shift = Math.abs(Date.parse(second) - Date.parse(first));
    const begin = Date.parse(first) - 12 * HOUR;
    let withOffset = 0;
    for (let at = begin; at < begin + 24 * HOUR; at += 5 * MINUTE)
      if (formatMoment(at, view).length > 19) withOffset++;
    t.is(withOffset * 5 * MINUTE, 2 * shift);
    for (let at = Date.parse(`${skipped.slice(0, 10)}T00:00Z`) - 12 * HOUR, n = 0; n < 288; n++)
      t.is(formatMoment(at + n * 5 * MINUTE, view).length, 19);
  });

  test.serial(`${name}: the dashboard distinguishes both halves of a repeated hour`, (t) => {
    process.env.TZ = name;
    for (const format of [formatTime, formatTimeMs, formatDateTime]) {
      const [a, b, before] = [Date.parse(first), Date.parse(second), Date.parse(first) - 6 * HOUR].map(
        format,
      );
      t.true(a?.endsWith(` ${first.slice(19)}`), a);
      t.true(b?.endsWith(` ${second.slice(19)}`), b);
      t.notRegex(before ?? '', /[+-]\d\d:\d\d$/);
    }
  });
}

test.serial('a day that has no midnight begins later', (t) => {
  process.env.TZ = 'America/Sao_Paulo';
  t.is(parseTime('2018-11-04', 0), Date.parse('2018-11-04T01:00-02:00'));
});

test.serial('where clocks are never changed no offset is shown', (t) => {
  process.env.TZ = 'Asia/Kathmandu';
  t.is(parseTime('2026-10-25T02:30', 0), Date.parse('2026-10-25T02:30+05:45'));
  t.is(formatMoment(Date.parse('2026-10-25T02:30+05:45'), view), '2026-10-25 02:30:00');
});

test('the command line reports on standard error which of two hours it chose, and refuses one that never existed', async (t) => {
  const env = { TZ: 'Europe/Berlin' };
  const asked = (from: string) =>
    runToEnd(['get', 'GPS', '--from', from, '--json', '--socket', '/nonexistent'], env);
  const repeated = await asked('2026-10-25T02:30');
  t.regex(
    repeated.stderr,
    /^meshgate: 2026-10-25T02:30 occurred twice.* using the first, 2026-10-25T02:30\+02:00; /,
  );
  t.is(repeated.code, 3);
  const skipped = await asked('2026-03-29T02:30');
  t.is(skipped.code, 2);
  t.is(skipped.stdout, '');
});
