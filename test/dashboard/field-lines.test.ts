import test from 'ava';
import type { BucketInfo, Value } from '../../src/api/shapes.js';
import {
  BucketLines,
  bucketFor,
  formatBucket,
  ValueLines,
} from '../../src/dashboard/pages/node/field-lines.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const value = (receivedAt: number, temperature: number | string): Value => ({
  node: 5,
  type: 'T',
  id: 1,
  bytes: '',
  fields: { temperature: { value: temperature, unit: '°C' } },
  receivedAt,
  deviceTime: null,
});

const bucket = (at: number, count: number, mean: number): BucketInfo => ({
  at,
  count,
  fields: { temperature: { min: mean - 1, max: mean + 1, mean, last: mean + 0.5 } },
});

test('a bucket has a round length, and there are no more buckets than requested', (t) => {
  const cases = [
    [HOUR, 600, '10 s'],
    [6 * HOUR, 600, '1 min'],
    [DAY, 600, '5 min'],
    [7 * DAY, 600, '30 min'],
    [30 * DAY, 600, '2 h'],
    [30 * DAY, 300, '3 h'],
    [3 * 365 * DAY, 600, '2 d'],
    [0, 600, '1 s'],
  ] as const;
  for (const [range, maxBuckets, text] of cases) {
    const ms = bucketFor(range, maxBuckets);
    t.is(formatBucket(ms), text);
    t.true(range / ms <= maxBuckets);
  }
});

test('each value is a point; text and duplicates are not', (t) => {
  const lines = new ValueLines([value(1000, 1), value(2000, 2)]);
  lines.add(value(2000, 3));
  lines.add(value(3000, 'broken'));
  lines.add(value(4000, 4));
  t.deepEqual(lines.lines(0), [
    {
      field: 'temperature',
      latest: 4,
      bucketMs: undefined,
      points: [
        { at: 1000, value: 1 },
        { at: 2000, value: 2 },
        { at: 4000, value: 4 },
      ],
    },
  ]);
  t.is(lines.lines(2000)[0]?.points.length, 2, 'older points are dropped');
  t.is(lines.length, 2);
});

test('a live value is added to the last bucket or starts one; values that the gateway has aggregated count once', (t) => {
  const to = 2 * MINUTE + 20 * SECOND;
  const lines = new BucketLines([bucket(MINUTE, 60, 10), bucket(2 * MINUTE, 3, 20)], MINUTE, to);
  lines.add(value(to, 99));
  lines.add(value(to + 1, 24));
  lines.add(value(3 * MINUTE, 30));
  const [line] = lines.lines(0);
  t.is(line?.latest, 30);
  t.is(line?.bucketMs, MINUTE);
  t.like(line?.points[0], { at: 1.5 * MINUTE, value: 10, min: 9, max: 11 });
  t.like(line?.points[1], { at: 2.5 * MINUTE, value: 21, min: 19, max: 24 });
  t.like(line?.points[2], { at: 3.5 * MINUTE, value: 30, min: 30, max: 30 });
  t.is(line?.points.length, 3);
});

test('a line spans one or two empty buckets, and is interrupted by a long gap', (t) => {
  const lines = new BucketLines(
    [bucket(0, 1, 1), bucket(3 * MINUTE, 1, 2), bucket(20 * MINUTE, 1, 3)],
    MINUTE,
    0,
  );
  const values = lines.lines(0)[0]?.points.map((point) => point.value);
  t.deepEqual(values, [1, 2, Number.NaN, 3]);
});
