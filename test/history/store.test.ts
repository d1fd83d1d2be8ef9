import test from 'ava';
import type { Alarm } from '../../src/hub/alarms.js';
import { gpsEvent, messageEvent, nodeEvent, sequenceEvent } from '../support/history-events.js';
import { removeStores, StoreFixture } from '../support/store-fixture.js';

test.after.always(removeStores);

const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER };
const SEQUENCE_OF_5 = { ...ALL, node: 5, typeId: 0 };

test('values are found by node, type and time, oldest first', (t) => {
  const fixture = new StoreFixture();
  fixture.write(sequenceEvent(1, 5, 10, 1000), gpsEvent(2, 5, 1, 2, 1000), sequenceEvent(3, 6, 20, 1000));
  fixture.write(sequenceEvent(4, 5, 11, 2000), sequenceEvent(5, 5, 12, 3000));
  const range = fixture.values({
    kind: 'read',
    query: { node: 5, typeId: 0, from: 1000, to: 2000 },
    limit: 9,
    after: undefined,
  });
  t.deepEqual(
    range.map(({ value }) => [value.receivedAt, value.bytes[0]]),
    [
      [1000, 10],
      [2000, 11],
    ],
  );
  const current = fixture.values({ kind: 'current', query: { typeId: 0 }, time: 2500 });
  t.deepEqual(
    current.map(({ node, value }) => [node, value.bytes[0]]),
    [
      [5, 11],
      [6, 20],
    ],
  );
});

test('pages follow one another without a value twice or lost, across equal times and across nodes', (t) => {
  const fixture = new StoreFixture();
  const events = Array.from({ length: 30 }, (_, index) =>
    sequenceEvent(index, 5 + (index % 3), index, 1000 + Math.floor(index / 12)),
  );
  fixture.write(...events);
  const all = fixture
    .values({ kind: 'read', query: ALL, limit: 1000, after: undefined })
    .map(({ value }) => value.bytes[0]);
  t.is(new Set(all).size, 30);
  for (const limit of [1, 2, 7, 29, 30]) {
    const paged: (number | undefined)[] = [];
    const progress: number[] = [];
    for (
      let after = undefined as ReturnType<StoreFixture['page']>['next'] | undefined, isMore = true;
      isMore;
    ) {
      const page = fixture.page({ kind: 'read', query: ALL, limit, after });
      paged.push(...page.values.map(({ value }) => value.bytes[0]));
      progress.push(page.progress);
      after = page.next;
      isMore = after !== undefined;
    }
    t.deepEqual(paged, all, `${limit} a page`);
    t.deepEqual(
      progress,
      [...progress].sort((a, b) => a - b),
    );
    t.is(progress.at(-1), 1);
  }
});

test('buckets have minimum, maximum, mean and last of each number', (t) => {
  const fixture = new StoreFixture();
  fixture.write(gpsEvent(1, 5, 1000, 10, 100), gpsEvent(2, 5, 3000, 20, 199), gpsEvent(3, 5, 2000, 30, 250));
  const answer = fixture.answer({
    kind: 'buckets',
    query: { node: 5, typeId: 1, from: 100, to: 1000 },
    bucketMs: 100,
  });
  t.deepEqual(answer, {
    kind: 'buckets',
    undecoded: 0,
    buckets: [
      {
        at: 100,
        count: 2,
        fields: {
          longitude: { min: 1, max: 3, mean: 2, last: 3 },
          latitude: { min: 0.01, max: 0.02, mean: 0.015, last: 0.02 },
        },
      },
      {
        at: 200,
        count: 1,
        fields: {
          longitude: { min: 2, max: 2, mean: 2, last: 2 },
          latitude: { min: 0.03, max: 0.03, mean: 0.03, last: 0.03 },
        },
      },
    ],
  });
});

test('a new store has nothing to restore', (t) => {
  t.is(new StoreFixture().restored(), undefined);
});

test('nodes are restored with uuid, last contact and last values, without those that were forgotten', (t) => {
  const fixture = new StoreFixture();
  const facts = { name: 'Node', uuid: '3210'.padEnd(32, '0') };
  fixture.writeWith(
    facts,
    nodeEvent(1, 5, 'added', 10),
    nodeEvent(2, 6, 'added', 10),
    nodeEvent(3, 7, 'added', 10),
  );
  fixture.write(
    sequenceEvent(4, 5, 1, 20),
    sequenceEvent(5, 5, 2, 30),
    messageEvent(6, '00 05 44 01 00 02', 30),
  );
  fixture.write(sequenceEvent(7, 7, 9, 30), nodeEvent(8, 7, 'forgotten', 40));
  fixture.restart(8);
  const restored = fixture.restored();
  t.deepEqual(
    restored?.nodes.map(({ address, lastHeardAt, values }) => [
      address,
      lastHeardAt,
      values.map(({ value }) => value.bytes[0]),
    ]),
    [
      [6, undefined, []],
      [5, 30, [2]],
    ],
  );
  t.is(restored?.nodes[1]?.uuid?.toString('hex'), facts.uuid);
});

test('a node that returns after it was forgotten does not restore its old state', (t) => {
  const fixture = new StoreFixture();
  fixture.writeWith({ name: 'Node-5' }, nodeEvent(1, 5, 'added', 10));
  fixture.write(sequenceEvent(2, 5, 1, 20), nodeEvent(3, 5, 'forgotten', 30));
  fixture.writeWith({ name: 'Node-5' }, nodeEvent(4, 5, 'added', 40));
  fixture.reopen();
  t.deepEqual(fixture.restored()?.nodes, [{ address: 5, values: [] }]);
});

test('event numbers continue: right after the last after a clean end, far above it after a kill', (t) => {
  const fixture = new StoreFixture();
  fixture.write(sequenceEvent(100, 5, 1, 10));
  fixture.reopen();
  t.false(fixture.restored()?.endedInOrder);
  t.true((fixture.restored()?.nextSeq ?? 0) > 100_000);
  fixture.write(sequenceEvent(200, 5, 1, 10));
  fixture.restart(205);
  t.true(fixture.restored()?.endedInOrder);
  t.is(fixture.restored()?.nextSeq, 206);
});

test('the last events of every kind are restored, and no more than are held', (t) => {
  const fixture = new StoreFixture({ eventsHeld: 3 });
  for (let seq = 1; seq <= 10; seq++) fixture.write(messageEvent(seq, '00 05 45', seq));
  fixture.reopen();
  t.deepEqual(
    fixture.restored(3)?.events,
    [8, 9, 10].map((seq) => messageEvent(seq, '00 05 45', seq)),
  );
  t.is((fixture.query('SELECT * FROM recent') as unknown[]).length, 3);
});

test('open alarms are restored, closed ones are not; the last paths are', (t) => {
  const fixture = new StoreFixture();
  const alarm: Alarm = {
    id: 'LINK_LOST',
    code: 'LINK_LOST',
    priority: 'high',
    text: 'x',
    firstAt: 1,
    lastAt: 2,
    count: 1,
    active: true,
    acknowledged: false,
  };
  const other = { ...alarm, id: 'QUEUE_FULL', code: 'QUEUE_FULL' as const };
  fixture.write(
    { seq: 1, at: 1, kind: 'alarm', alarm },
    { seq: 2, at: 1, kind: 'alarm', alarm: other },
    { seq: 3, at: 2, kind: 'alarm', alarm: { ...other, active: false, acknowledged: true } },
    { seq: 4, at: 3, kind: 'paths', paths: [{ origin: 9, target: 9 }] },
    { seq: 5, at: 4, kind: 'paths', paths: [{ origin: 5, target: 1 }] },
  );
  fixture.reopen();
  t.deepEqual(fixture.restored()?.alarms, [alarm]);
  t.deepEqual(fixture.restored()?.paths, [{ origin: 5, target: 1 }]);
});

test('views decode values and events: one per data type, one per kind of event', (t) => {
  const fixture = new StoreFixture();
  fixture.writeWith({ name: 'Pump' }, nodeEvent(1, 5, 'added', 1_700_000_000_000));
  fixture.write(gpsEvent(2, 5, -123_300, 44_580, 1_700_000_000_123), {
    seq: 3,
    at: 1_700_000_000_124,
    kind: 'console',
    line: 'hello',
  });
  t.deepEqual(fixture.query('SELECT node, name, time, longitude, latitude FROM values_gps_1'), [
    { node: 5, name: 'Pump', time: '2023-11-14T22:13:20.123Z', longitude: -123.3, latitude: 44.58 },
  ]);
  t.deepEqual(fixture.query('SELECT seq, line FROM console_line'), [{ seq: 3, line: 'hello' }]);
  t.deepEqual(fixture.query('SELECT node, change FROM node_change'), [{ node: 5, change: 'added' }]);
  t.deepEqual(fixture.query('SELECT type, bytes, fields FROM decoded_value'), [
    { type: 'GPS', bytes: '5C1EFE24AE00', fields: '{"longitude":-123.3,"latitude":44.58}' },
  ]);
  const names = (
    fixture.query(`SELECT name FROM sqlite_schema WHERE type = 'view'`) as { name: string }[]
  ).map(({ name }) => name);
  for (const name of names) t.notThrows(() => fixture.query(`SELECT * FROM ${name}`), name);
});

test('a value received while the host clock is set back is stored at the time of that clock', (t) => {
  const fixture = new StoreFixture();
  fixture.write(sequenceEvent(1, 5, 1, 5000), sequenceEvent(2, 5, 2, 6000), sequenceEvent(3, 5, 3, 1000));
  const found = fixture.values({ kind: 'read', query: SEQUENCE_OF_5, limit: 9, after: undefined });
  t.deepEqual(
    found.map(({ value }) => value.bytes[0]),
    [3, 1, 2],
  );
  fixture.reopen();
  fixture.writeWith({ name: 'Node-5' }, nodeEvent(4, 5, 'added', 1000));
  fixture.reopen();
  t.deepEqual(
    fixture.restored()?.nodes[0]?.values.map(({ value }) => value.bytes[0]),
    [3],
    'the last one to arrive is the last',
  );
});
