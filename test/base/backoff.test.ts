import test from 'ava';
import { Backoff } from '../../src/base/backoff.js';

const pausesOf = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.nextMs());

test('pauses double from the first to the maximum', (t) => {
  t.deepEqual(pausesOf(new Backoff({ firstMs: 1000, longestMs: 6000 }), 5), [1000, 2000, 4000, 6000, 6000]);
});

test('jitter lengthens a pause by at most its share, and never beyond the maximum', (t) => {
  const limits = { firstMs: 100, longestMs: 1000, jitter: 0.25 };
  t.deepEqual(pausesOf(new Backoff({ ...limits, random: () => 0 }), 5), [100, 200, 400, 800, 800]);
  t.deepEqual(pausesOf(new Backoff({ ...limits, random: () => 1 }), 5), [125, 250, 500, 1000, 1000]);
});

test('after a reset the pauses start again from the first, or from that of a few failures', (t) => {
  const backoff = new Backoff({ firstMs: 1, longestMs: 1000 });
  pausesOf(backoff, 5);
  backoff.reset(1);
  t.deepEqual(pausesOf(backoff, 2), [2, 4]);
  backoff.reset();
  backoff.reset(1);
  t.deepEqual(pausesOf(backoff, 2), [1, 2]);
});

test('a single pause can have other limits; the failure counts all the same', (t) => {
  const backoff = new Backoff({ firstMs: 1, longestMs: 1000 });
  t.is(backoff.nextMs({ firstMs: 30, longestMs: 600 }), 30);
  t.is(backoff.nextMs(), 2);
});

test('any number of failures still gives a finite pause', (t) => {
  const backoff = new Backoff({ firstMs: 1000, longestMs: Number.MAX_VALUE });
  t.true(pausesOf(backoff, 5000).every(Number.isFinite));
});
