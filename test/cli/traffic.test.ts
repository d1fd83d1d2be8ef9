import test from 'ava';
import { TrafficMeter } from '../../src/cli/commands/top/traffic-meter.js';
import { ValueJoiner } from '../../src/cli/commands/watch/value-joiner.js';
import { EVENTS } from '../support/cli-samples.js';

type Sample = (typeof EVENTS)[number];

const seqOf = (event: Sample) => ('seq' in event ? event.seq : undefined);

test('a message gets the values that came right before it, and each event is shown once', (t) => {
  const joiner = new ValueJoiner();
  const joined = EVENTS.flatMap((event) => joiner.take(event));
  const data = joined.find(({ event }) => seqOf(event) === 4);
  t.deepEqual(
    data?.values.map(({ type }) => type),
    ['Sequence', 'GPS'],
  );
  const seqs = joined.flatMap(({ event }) => seqOf(event) ?? []);
  t.deepEqual(
    seqs,
    EVENTS.flatMap((event) => seqOf(event) ?? []).filter((seq) => seq !== 2 && seq !== 3),
  );
});

test('values of another message stay separate', (t) => {
  const joiner = new ValueJoiner();
  const [, first, second, message] = EVENTS;
  if (!first || !second || !message) return t.fail();
  joiner.take(first);
  t.deepEqual(
    joiner.take({ ...message, seq: 9 } as Sample).map(({ values }) => values.length),
    [0, 0],
  );
  joiner.take(second);
  t.deepEqual(
    joiner.take(message).map(({ values }) => values.length),
    [1],
  );
});

test('rates are messages per second of each node, over the last 10 s', (t) => {
  const meter = new TrafficMeter(0);
  const echo = EVENTS.find((event) => event.kind === 'message');
  if (!echo) return t.fail();
  for (let at = 0; at < 20_000; at += 500) meter.add(echo, at);
  t.deepEqual([...meter.rates(20_000)], [[5, 1.9]]);
  t.deepEqual([...meter.rates(60_000)], []);
  t.is(meter.recent(3).length, 3);
  t.is(meter.recent(0).length, 0);
});
