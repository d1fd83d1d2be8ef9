import test from 'ava';
import fc from 'fast-check';
import { Histogram } from '../../src/base/histogram.js';

test('a measurement counts in every bucket whose bound it does not exceed, and beyond the last in the count only', (t) => {
  const histogram = new Histogram([1, 10, 100]);
  for (const value of [0, 1, 1.5, 10, 100, 101]) histogram.observe(value);
  t.deepEqual(histogram.snapshot(), {
    bounds: [1, 10, 100],
    cumulative: [2, 4, 5],
    count: 6,
    sum: 213.5,
  });
});

test('a snapshot that was handed out does not change', (t) => {
  const histogram = new Histogram([1]);
  const before = histogram.snapshot();
  histogram.observe(1);
  t.deepEqual(before.cumulative, [0]);
});

test('for any measurements, buckets rise and the count is the number of measurements', (t) => {
  fc.assert(
    fc.property(fc.array(fc.float({ min: 0, max: 1000, noNaN: true })), (values) => {
      const histogram = new Histogram([1, 10, 100]);
      for (const value of values) histogram.observe(value);
      const { cumulative, count } = histogram.snapshot();
      t.deepEqual(
        cumulative,
        [1, 10, 100].map((bound) => values.filter((value) => value <= bound).length),
      );
      t.is(count, values.length);
    }),
  );
});
