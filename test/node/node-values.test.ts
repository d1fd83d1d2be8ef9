import test from 'ava';
import fc from 'fast-check';
import { MemoryPool } from '../../src/node/memory-pool.js';
import { NodeValues, type TimedValue } from '../../src/node/node-values.js';

const value = fc.record(
  {
    receivedAt: fc.integer({ min: 0, max: 4e12 }),
    deviceTime: fc.double({ noNaN: true, noDefaultInfinity: true }),
    bytes: fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes)),
  },
  { requiredKeys: ['receivedAt', 'bytes'] },
);
const typed = fc.record({ typeId: fc.constantFrom(0, 7, 8, 123, 255), value });

const valuesOf = (
  given: readonly { readonly typeId: number; readonly value: TimedValue }[],
  wanted: number,
) => given.filter(({ typeId }) => typeId === wanted).map((each) => each.value);

test('the last values of each type are returned unchanged, whatever their lengths and times', (t) => {
  const law = fc.property(
    fc.integer({ min: 1, max: 40 }),
    fc.array(typed, { maxLength: 120 }),
    (limit, given) => {
      const values = new NodeValues(limit, new MemoryPool());
      for (const each of given) values.store(each.typeId, each.value);
      const ids = [...new Set(given.map(({ typeId }) => typeId))].sort((a, b) => a - b);
      t.deepEqual(values.typeIds(), ids);
      for (const id of [0, 7, 8, 9, 123, 255]) {
        t.deepEqual(values.all(id), valuesOf(given, id).slice(-limit));
        t.deepEqual(values.latest(id), valuesOf(given, id).at(-1));
      }
    },
  );
  fc.assert(law, { numRuns: 300 });
});

test('many values of one length, far more than the initial block holds', (t) => {
  const values = new NodeValues(10_000, new MemoryPool());
  const given = Array.from({ length: 25_000 }, (_, index) => ({
    receivedAt: index,
    bytes: Buffer.of(index & 0xff, (index >> 8) & 0xff),
  }));
  for (const each of given) values.store(7, each);
  t.deepEqual(values.all(7), given.slice(-10_000));
});

test('the longest possible values', (t) => {
  const values = new NodeValues(2, new MemoryPool());
  const given = [1, 65_535, 0, 65_530].map((length) => ({
    receivedAt: length,
    bytes: Buffer.alloc(length, length),
  }));
  for (const each of given) values.store(1, each);
  t.deepEqual(values.all(1), given.slice(-2));
});

test('nodes do not overwrite one another', (t) => {
  const pool = new MemoryPool();
  const nodes = Array.from({ length: 500 }, () => new NodeValues(3, pool));
  const given = nodes.map((): TimedValue[] => []);
  for (let round = 0; round < 10; round++) {
    nodes.forEach((values, index) => {
      const bytes = Buffer.alloc(1 + ((round * 7 + index) % 90), round * 16 + index);
      values.store(round % 2, { receivedAt: round, bytes });
      given[index]?.push({ receivedAt: round, bytes });
    });
  }
  for (const parity of [0, 1]) {
    t.deepEqual(
      nodes.map((values) => values.all(parity)),
      given.map((all) => all.filter((_, round) => round % 2 === parity).slice(-3)),
    );
  }
});

test('returned values do not change when more arrive, and can be modified without harm', (t) => {
  const values = new NodeValues(1, new MemoryPool());
  const bytes = Buffer.of(1, 2);
  values.store(5, { receivedAt: 1, bytes });
  bytes.fill(9);
  const first = values.latest(5);
  values.store(5, { receivedAt: 2, bytes: Buffer.of(3, 4) });
  t.deepEqual(first, { receivedAt: 1, bytes: Buffer.of(1, 2) });
  values.all(5).pop();
  values.latest(5)?.bytes.fill(0);
  t.deepEqual(values.all(5), [{ receivedAt: 2, bytes: Buffer.of(3, 4) }]);
});
