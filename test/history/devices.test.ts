import test from 'ava';
import { EventWriter, eventOf, type NodeFacts, readRecords } from '../../src/history/event-record.js';
import type { Delivery } from '../../src/hub/deliveries.js';
import type { HubEvent } from '../../src/hub/hub.js';
import type { DataType } from '../../src/protocol/data-types.js';
import { centivolts, FIRST_SUPPLY, NOTE, SUPPLY } from '../support/bench-source.js';
import { STATE } from '../support/commanded-bench.js';
import { sequenceEvent } from '../support/history-events.js';
import { removeStores, StoreFixture } from '../support/store-fixture.js';
import { shippedTables } from '../support/tables.js';

test.after.always(removeStores);

const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER };
const FACTS: NodeFacts = { name: 'hv:1' };

function deviceValue(seq: number, type: DataType, bytes: Buffer, address = FIRST_SUPPLY): HubEvent {
  const value = { receivedAt: 1000 + seq, deviceTime: 7, bytes };
  return { seq, at: 1000 + seq, kind: 'value', node: address, type, value };
}

function deviceChange(seq: number, change: 'added' | 'forgotten'): HubEvent {
  return { seq, at: 1000 + seq, kind: 'node', node: FIRST_SUPPLY, device: 'hv:1', change };
}

/** A store in which a supply has reported twice; it knows the type Supply. */
function storeWithSupply(): StoreFixture {
  const fixture = new StoreFixture();
  fixture.store.declare([SUPPLY]);
  const values = [deviceValue(2, SUPPLY, centivolts(1200)), deviceValue(3, SUPPLY, centivolts(1210))];
  fixture.writeWith(FACTS, deviceChange(1, 'added'), ...values, sequenceEvent(4, 5, 9, 1004));
  return fixture;
}

for (const address of [0x10000, FIRST_SUPPLY, 0xffff_ffff]) {
  test(`a value of the device at ${address} is restored unchanged`, (t) => {
    const writer = new EventWriter(16);
    writer.write(deviceValue(1, NOTE, Buffer.from('{"a":1}'), address));
    const [record] = readRecords(writer.take());
    t.like(record, { kind: 'value', node: address, typeId: NOTE.id, deviceTime: 7, receivedAt: 1001 });
    t.is(record?.kind === 'value' ? record.bytes.toString() : '', '{"a":1}');
  });
}

test('the record of a mesh value keeps its byte format', (t) => {
  const writer = new EventWriter(16);
  writer.write(sequenceEvent(1, 5, 7, 1000));
  const expected =
    '26000000 01 000000000000f03f 0000000000408f40 0500 0000 0000000000408f40 000000000000f87f 07';
  t.is(Buffer.from(writer.take()).toString('hex'), expected.replaceAll(' ', ''));
});

test('a truncated record of a device value gives nothing', (t) => {
  const writer = new EventWriter(16);
  writer.write(deviceValue(1, SUPPLY, centivolts(1)));
  const bytes = Buffer.from(writer.take());
  bytes.writeUInt32LE(bytes.readUInt32LE(0) - 3);
  t.deepEqual([...readRecords(bytes.subarray(0, bytes.length - 3))], []);
});

test('an event of a type that no source has declared is omitted', (t) => {
  const writer = new EventWriter(16);
  writer.write(deviceValue(1, { ...NOTE, id: 0x999 }, Buffer.from('{}')));
  const [record] = readRecords(writer.take());
  t.is(record && eventOf(record, shippedTables), undefined);
});

test('values of a device are found, and two of its types are two series', (t) => {
  const fixture = storeWithSupply();
  fixture.write(deviceValue(5, { ...SUPPLY, id: 0x200, name: 'Other' }, centivolts(1)));
  const query = { ...ALL, node: FIRST_SUPPLY };
  const found = fixture.values({ kind: 'read', query, limit: 10, after: undefined });
  t.deepEqual(
    found.map(({ node, typeId, value }) => [node, typeId, value.bytes.readUInt16BE()]),
    [
      [FIRST_SUPPLY, 0x100, 1200],
      [FIRST_SUPPLY, 0x100, 1210],
      [FIRST_SUPPLY, 0x200, 1],
    ],
  );
});

test('readers of the file see the id of a device as its name, its values decoded, and a view of its type', (t) => {
  const fixture = storeWithSupply();
  const row = { node: FIRST_SUPPLY, name: 'hv:1', voltage: 12.1 };
  const sql = 'SELECT node, name, voltage FROM values_supply_256 ORDER BY received_at DESC LIMIT 1';
  t.deepEqual(fixture.query(sql), [row]);
  t.deepEqual(fixture.query('SELECT name, last_heard_at AS at FROM node WHERE address > 65535'), [
    { name: 'hv:1', at: 1003 },
  ]);
});

test('a type that is declared while the disk is full gets its view later', (t) => {
  const fixture = storeWithSupply();
  fixture.limitPages(fixture.pageCount());
  const many = Array.from({ length: 40 }, (_, index) => {
    const name = `Type${'x'.repeat(50)}${index}`;
    return { ...SUPPLY, id: 0x400 + index, name };
  });
  fixture.store.declare(many);
  t.not(fixture.store.fault, undefined);
  fixture.limitPages(undefined);
  fixture.clock.advance(60_000);
  fixture.store.tick();
  t.is(fixture.store.fault, undefined);
  t.is(
    fixture.query("SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name LIKE 'values_type%'").length,
    40,
  );
});

test('after a restart a device has its last values and its id, even though it was removed when the gateway stopped', (t) => {
  const fixture = storeWithSupply();
  fixture.write(deviceChange(5, 'forgotten'));
  fixture.restart(5);
  const device = fixture.restored()?.nodes.find(({ address }) => address === FIRST_SUPPLY);
  t.like(device, { id: 'hv:1', lastHeardAt: 1003 });
  t.deepEqual(
    device?.values.map(({ typeId, value }) => [typeId, value.bytes.readUInt16BE()]),
    [[SUPPLY.id, 1210]],
  );
});

test('restored events of a device have its id', (t) => {
  const fixture = storeWithSupply();
  fixture.restart(4);
  const values = fixture.restored()?.events.filter(({ kind }) => kind === 'value');
  t.deepEqual(
    values?.map((event) => (event.kind === 'value' ? event.device : undefined)),
    ['hv:1', 'hv:1', undefined],
  );
});

test('values of a type that no source has declared are returned as bytes, with its number as the name', (t) => {
  const fixture = new StoreFixture();
  const former = { ...SUPPLY, id: 0x700, name: 'Former' };
  fixture.write(deviceValue(1, former, centivolts(1)));
  const query = { ...ALL, node: FIRST_SUPPLY };
  const answer = fixture.answer({ kind: 'read', query, limit: 10, after: undefined });
  t.deepEqual(answer.kind === 'values' ? answer.formerTypes : [], [
    { node: FIRST_SUPPLY, typeId: 0x700, name: '1792' },
  ]);
});

const COMMAND: Delivery = {
  id: 'c-1',
  owner: 'mqtt',
  to: FIRST_SUPPLY,
  device: 'hv:1',
  message: Buffer.alloc(0),
  command: { name: 'write', arguments: { hex: '0a0b' } },
  stage: 'queued',
  stages: [{ stage: 'queued', at: 1001 }],
};

function stageEvent(seq: number, facts: Partial<Delivery>): HubEvent {
  return { seq, at: 1000 + seq, kind: 'delivery', delivery: { ...COMMAND, ...facts } };
}

const STAGES = [
  stageEvent(5, {}),
  stageEvent(6, { stage: 'progress', progress: { fraction: 0.5, text: 'half way' } }),
  stageEvent(7, { stage: 'completed', result: { hex: 'ff', message: { hex: '01' } } }),
  stageEvent(8, { id: 'c-2', stage: 'failed', failure: 'deviceFault', detail: 'limit switch' }),
];

test('readers of the file see the stages of a command, with its device, arguments, progress, result and failure', (t) => {
  const fixture = storeWithSupply();
  fixture.write(...STAGES);
  const columns =
    'stage, node, device, command, arguments, progress, progress_text, result, failure, detail, client';
  const rows = fixture.query(`SELECT ${columns} FROM delivery_stage ORDER BY seq`) as Record<
    string,
    unknown
  >[];
  for (const row of rows)
    t.like(row, {
      node: FIRST_SUPPLY,
      device: 'hv:1',
      command: 'write',
      arguments: '{"hex":"0a0b"}',
      client: 'mqtt',
    });
  t.deepEqual(
    rows.map(({ stage, progress, progress_text, result, failure, detail }) => [
      stage,
      progress,
      progress_text,
      result,
      failure,
      detail,
    ]),
    [
      ['queued', null, null, null, null, null],
      ['progress', 0.5, 'half way', null, null, null],
      ['completed', null, null, '{"hex":"ff","message":{"hex":"01"}}', null, null],
      ['failed', null, null, null, 'deviceFault', 'limit switch'],
    ],
  );
});

test('after a restart clients that resume get the stages of a command unchanged', (t) => {
  const fixture = storeWithSupply();
  fixture.write(...STAGES);
  fixture.restart(8);
  const events = fixture.restored()?.events.filter(({ kind }) => kind === 'delivery');
  t.deepEqual(events, STAGES);
});

test('values of a type that no source has declared are counted by an aggregate, and an enumeration has a column of names', (t) => {
  const fixture = storeWithSupply();
  fixture.store.declare([STATE]);
  fixture.write(deviceValue(5, STATE, Buffer.from([1])), deviceValue(6, STATE, Buffer.from([7])));
  t.deepEqual(fixture.query('SELECT state, state_name FROM values_stagestate_321 ORDER BY received_at'), [
    { state: 1, state_name: 'MOVING' },
    { state: 7, state_name: null },
  ]);
  const former = { ...SUPPLY, id: 0x701, name: 'Undeclared' };
  fixture.write(deviceValue(7, former, centivolts(1)), deviceValue(8, former, centivolts(2)));
  const query = { ...ALL, node: FIRST_SUPPLY, typeId: former.id };
  const answer = fixture.answer({ kind: 'buckets', query, bucketMs: 1e6 });
  t.deepEqual(answer, { kind: 'buckets', buckets: [], undecoded: 2 });
});
