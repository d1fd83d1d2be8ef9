import test from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import { formatAge, formatDuration, formatMoment, formatWhen, parseTime } from '../../src/cli/text/time.js';

process.env.TZ = 'America/Los_Angeles';

const NOW = Date.parse('2026-05-01T14:05:09.250-07:00');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const MOMENTS: readonly (readonly [text: string, at: number])[] = [
  ['now', NOW],
  ['0s', NOW],
  ['500ms', NOW - 500],
  ['30s', NOW - 30 * SECOND],
  ['10m', NOW - 10 * MINUTE],
  ['10 min ago', NOW - 10 * MINUTE],
  ['1h', NOW - HOUR],
  ['1h30m', NOW - 90 * MINUTE],
  ['1.5h', NOW - 90 * MINUTE],
  ['2d ago', NOW - 2 * DAY],
  ['14:05', Date.parse('2026-05-01T14:05:00-07:00')],
  ['14:05:08.5', Date.parse('2026-05-01T14:05:08.500-07:00')],
  ['2026-04-30', Date.parse('2026-04-30T00:00:00-07:00')],
  ['2026-04-30 12:00', Date.parse('2026-04-30T12:00:00-07:00')],
  ['2026-04-30T12:00:00', Date.parse('2026-04-30T12:00:00-07:00')],
  ['2026-04-30T12:00:00Z', Date.parse('2026-04-30T12:00:00Z')],
  ['2026-04-30T12:00:00.125+02:00', Date.parse('2026-04-30T10:00:00.125Z')],
  ['20260430', Date.parse('2026-04-30T00:00:00-07:00')],
  ['20260430T120000', Date.parse('2026-04-30T12:00:00-07:00')],
  ['20260430T1200Z', Date.parse('2026-04-30T12:00:00Z')],
  ['20260430T12+02', Date.parse('2026-04-30T10:00:00Z')],
  ['2026-04-30T12:00+0230', Date.parse('2026-04-30T09:30:00Z')],
  ['2026-04-30T12:00-05', Date.parse('2026-04-30T17:00:00Z')],
  ['2026-04-30T12:00\u221205:30', Date.parse('2026-04-30T17:30:00Z')],
  ['2026-04-30 12:00:00,25 +02:00', Date.parse('2026-04-30T10:00:00.250Z')],
  ['2026-04-30T12:00,5', Date.parse('2026-04-30T12:00:30-07:00')],
  ['2026-04-30T24:00', Date.parse('2026-05-01T00:00:00-07:00')],
  ['14:05:08,5', Date.parse('2026-05-01T14:05:08.500-07:00')],
  ['14:05Z', Date.parse('2026-05-01T14:05:00Z')],
];

for (const [text, at] of MOMENTS) {
  test(`"${text}" is understood`, (t) => t.is(parseTime(text, NOW), at));
}

for (const text of [
  '',
  'yesterday',
  '10',
  '-10m',
  '10x',
  '2026-13-01',
  '25:61',
  '1777644309000',
  'ago',
  '1e3s',
  '2026-02-29',
  '2026-0430',
  '2026-04-30T12:60',
  '2026-04-30T24:01',
  '2026-04-30T12:00+24',
  '2026-04-30T12:00:0',
]) {
  test(`"${text}" is not a valid time`, (t) => {
    const error = t.throws(() => parseTime(text, NOW), { instanceOf: MeshgateError });
    t.is(error?.code, 'BAD_USAGE');
    t.regex(error?.hint ?? '', /10m/);
  });
}

const DURATIONS: readonly (readonly [ms: number, text: string])[] = [
  [-5000, '0 s'],
  [0, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [MINUTE, '1 min'],
  [125 * SECOND, '2 min 5 s'],
  [HOUR, '1 h'],
  [HOUR + 59 * SECOND, '1 h'],
  [3 * HOUR + 4 * MINUTE, '3 h 4 min'],
  [2 * DAY + 3 * HOUR + 59 * MINUTE, '2 d 3 h'],
  [400 * DAY, '400 d'],
];

for (const [ms, text] of DURATIONS) {
  test(`${ms} ms is shown as ${text}`, (t) => t.is(formatDuration(ms), text));
}

test('less than a second ago, or in the future because a clock was set, is shown as now', (t) => {
  t.is(formatAge(NOW - 999, NOW), 'now');
  t.is(formatAge(NOW + 5000, NOW), 'now');
  t.is(formatAge(NOW - 1000, NOW), '1 s ago');
});

const terminal = { isTTY: true, columns: 80, colour: false };
const pipe = { isTTY: false, columns: undefined, colour: false };

test('a terminal omits the date for today, a pipe never does', (t) => {
  t.is(formatMoment(NOW, { terminal, now: NOW }), '14:05:09');
  t.is(formatMoment(NOW - DAY, { terminal, now: NOW }), '2026-04-30 14:05:09');
  t.is(formatMoment(NOW, { terminal: pipe, now: NOW }), '2026-05-01 14:05:09');
  t.is(formatWhen(NOW - 3000, { terminal, now: NOW }), '3 s ago (14:05:06)');
});

test('a time that is shown can be entered again', (t) => {
  for (const shownOn of [terminal, pipe]) {
    const shown = formatMoment(NOW, { terminal: shownOn, now: NOW });
    t.is(parseTime(shown, NOW), Math.floor(NOW / 1000) * 1000);
  }
});
