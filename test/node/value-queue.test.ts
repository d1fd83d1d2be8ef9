import test from 'ava';
import fc from 'fast-check';
import { type TimedValue, ValueQueue } from '../../src/node/value-queue.js';

const value = fc.record(
  {
    receivedAt: fc.integer({ min: 0, max: 4e12 }),
    deviceTime: fc.double({ noNaN: true, noDefaultInfinity: true }),
    bytes: fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes)),
  },
  { requiredKeys: ['receivedAt', 'bytes'] },
);

test('a queue gives the last values as they came, whatever their lengths and times', (t) => {
  const law = fc.property(
    fc.integer({ min: 1, max: 40 }),
    fc.array(value, { maxLength: 80 }),
    (limit, values) => {
      const queue = new ValueQueue(limit);
      for (const each of values) queue.push(each);
      t.deepEqual(queue.all(), values.slice(-limit));
      t.deepEqual(queue.latest, values.at(-1));
    },
  );
  fc.assert(law, { numRuns: 300 });
});

test('queues do not write into one another', (t) => {
  const queues = Array.from({ length: 500 }, () => new ValueQueue(3));
  const given = queues.map((): TimedValue[] => []);
  for (let round = 0; round < 10; round++) {
    queues.forEach((queue, index) => {
      const bytes = Buffer.alloc(1 + ((round * 7 + index) % 90), round * 16 + index);
      queue.push({ receivedAt: round, bytes });
      given[index]?.push({ receivedAt: round, bytes });
    });
  }
  t.deepEqual(
    queues.map((queue) => queue.all()),
    given.map((values) => values.slice(-3)),
  );
});

test('what was given out does not change when more comes', (t) => {
  const queue = new ValueQueue(1);
  const bytes = Buffer.of(1, 2);
  queue.push({ receivedAt: 1, bytes });
  bytes.fill(9);
  const first = queue.latest;
  queue.push({ receivedAt: 2, bytes: Buffer.of(3, 4) });
  t.deepEqual(first, { receivedAt: 1, bytes: Buffer.of(1, 2) });
});
