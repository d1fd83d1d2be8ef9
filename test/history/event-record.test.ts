import test from 'ava';
import fc from 'fast-check';
import { EventWriter, eventOf, readRecords } from '../../src/history/event-record.js';
import type { HubEvent } from '../../src/hub/hub.js';
import { gpsEvent, messageEvent, nodeEvent, sequenceEvent } from '../support/history-events.js';
import { shippedTables } from '../support/tables.js';

const EVENTS: readonly HubEvent[] = [
  sequenceEvent(1, 5, 7, 1000),
  gpsEvent(2, 0x7fff, -123_456, 44_580, 1001.5),
  messageEvent(3, '00 05 45 68 69', 1002),
  messageEvent(4, '00 05 EE', 1002),
  nodeEvent(5, 5, 'added', 1003),
  { seq: 6, at: 1004, kind: 'node', node: 5, change: 'status', status: 'idle' },
  { seq: 7, at: 1005, kind: 'link', status: { state: 'up', since: 900, name: '/dev/ttyUSB0' } },
  { seq: 8, at: 1006, kind: 'console', line: 'I (312) boot: ünïcode' },
  { seq: 9, at: 1007, kind: 'paths', paths: [{ origin: 5, target: 1 }] },
  { seq: 10, at: 1008, kind: 'traffic', client: 'client 1', what: 'sent', body: Buffer.from('NINFO') },
  {
    seq: 11,
    at: 1009,
    kind: 'delivery',
    delivery: {
      id: 'a-1',
      owner: 'client 1',
      to: 5,
      message: Buffer.from('Ehi'),
      stage: 'answered',
      stages: [{ stage: 'queued', at: 1 }],
      answer: Buffer.alloc(0),
      roundTripMs: 12.5,
    },
  },
];

function written(events: readonly HubEvent[]): Uint8Array {
  const writer = new EventWriter(16);
  for (const event of events) writer.write(event);
  return writer.take();
}

function readBack(bytes: Uint8Array): (HubEvent | undefined)[] {
  return [...readRecords(bytes)].map((record) => eventOf(record, shippedTables));
}

test('every kind of event is restored unchanged', (t) => {
  t.deepEqual(readBack(written(EVENTS)), [...EVENTS]);
});

test('a batch that was taken is no longer held, and the next one starts empty', (t) => {
  const writer = new EventWriter(16);
  writer.write(sequenceEvent(1, 5, 7, 1000));
  const first = writer.take();
  t.is(writer.length, 0);
  writer.write(sequenceEvent(2, 5, 8, 1000));
  t.deepEqual(readBack(first), [sequenceEvent(1, 5, 7, 1000)]);
  t.deepEqual(readBack(writer.take()), [sequenceEvent(2, 5, 8, 1000)]);
});

test('a truncated batch gives its complete events', (t) => {
  const bytes = written(EVENTS);
  for (let length = 0; length < bytes.length; length++) {
    const read = readBack(bytes.slice(0, length));
    t.deepEqual(read, EVENTS.slice(0, read.length));
    t.true(read.length < EVENTS.length);
  }
});

test('whatever the bytes are, reading ends without throwing', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      t.true([...readRecords(bytes)].length <= bytes.length / 21);
    }),
  );
});

test('a value whose type has a different length by now is omitted', (t) => {
  const event = sequenceEvent(1, 5, 7, 1000);
  if (event.kind !== 'value') return t.fail();
  const longer = { ...event, value: { ...event.value, bytes: Buffer.of(1, 2) } };
  t.deepEqual(readBack(written([longer])), [undefined]);
});
