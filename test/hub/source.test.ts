import test from 'ava';
import type { GatewayHub } from '../../src/hub/gateway-hub.js';
import type { HubEvent, Restored } from '../../src/hub/hub.js';
import { DataTypes } from '../../src/protocol/data-types.js';
import { NodeNames } from '../../src/protocol/node-names.js';
import { BenchSource, centivolts, FIRST_SUPPLY, NOTE, SUPPLY } from '../support/bench-source.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { shippedTables } from '../support/tables.js';

const NAMES = new NodeNames(new Map([[7, 'Gate']]));

/** Separate tables, since declarations stay in them. */
function openMesh(): NetworkFixture {
  const dataTypes = new DataTypes(shippedTables.dataTypes.all());
  return new NetworkFixture({ names: NAMES }, { ...shippedTables, dataTypes });
}

function openBench(supplies = 1) {
  const mesh = openMesh();
  const bench = new BenchSource(mesh.hub, () => mesh.clock.now(), supplies);
  return { mesh, hub: mesh.hub, clock: mesh.clock, bench, source: bench.source };
}

function volts(hub: GatewayHub, address = FIRST_SUPPLY): number | undefined {
  return hub.picture.latest(address, SUPPLY.id)?.bytes.readUInt16BE();
}

function ofDevice(events: readonly HubEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.kind === 'value') return [`${event.device} ${event.value.bytes.readUInt16BE()}`];
    if (event.kind !== 'node') return [];
    return [`${event.device} ${event.change === 'status' ? event.status : event.change}`];
  });
}

function withDevice(values: Restored['nodes'][number]['values'], alarms: Restored['alarms'] = []): Restored {
  const device = { address: FIRST_SUPPLY, id: 'hv:1', lastHeardAt: 5, values };
  const nothing = { events: [], paths: [], robots: [], alarms };
  return { nextSeq: 10, endedInOrder: true, nodes: [device], ...nothing };
}

test('a value reported by a second source is in the state, and is an event with the id of the device', (t) => {
  const { hub, bench, mesh } = openBench();
  bench.link('up');
  bench.report(1200);
  t.is(volts(hub), 1200);
  t.deepEqual(ofDevice(mesh.events), ['hv:1 added', 'hv:1 unheard', 'hv:1 active', 'hv:1 1200']);
  const [device] = hub.picture.devices();
  t.like(device, { id: 'hv:1', source: 'bench', status: 'active', restored: false });
  t.is(device?.latest[0]?.type.name, 'Supply');
});

test('devices are found by id in any letter case, and are not among the nodes of the mesh', (t) => {
  const { hub } = openBench(2);
  t.is(hub.picture.addressOf('HV:2'), FIRST_SUPPLY + 1);
  t.is(hub.picture.nameOf(FIRST_SUPPLY), 'hv:1');
  t.deepEqual(hub.picture.nodes(), []);
  t.deepEqual(
    hub.picture.devices().map(({ id }) => id),
    ['hv:1', 'hv:2'],
  );
});

for (const id of [
  'all',
  'ALL',
  '5',
  '0x5',
  'node-9',
  'gate',
  'HV:1',
  '',
  'a b',
  'a/b',
  '+',
  '-x',
  'x'.repeat(65),
]) {
  test(`a device cannot have the id "${id.slice(0, 10)}"`, (t) => {
    const { source, hub } = openBench();
    t.throws(() => source.addDevice(FIRST_SUPPLY + 9, id), { instanceOf: RangeError });
    t.is(hub.picture.devices().length, 1);
  });
}

test('an address belongs to one device, and is above those of the mesh', (t) => {
  const { source } = openBench();
  t.throws(() => source.addDevice(FIRST_SUPPLY, 'hv:9'), { message: /another device has the address/ });
  for (const address of [5, 0xffff, 0x1_0000_0000, 65_536.5]) {
    t.throws(() => source.addDevice(address, 'hv:9'), { message: /is not a device address/ });
  }
});

test('there are at most 1,000 devices, over all sources', (t) => {
  const { hub, source } = openBench(999);
  const other = hub.openSource({ name: 'other', kind: 'other' });
  other.addDevice(0x20000, 'daq:1');
  t.throws(() => other.addDevice(0x20001, 'daq:2'), { message: /the limit of 1000 devices is reached/ });
  source.close();
  t.notThrows(() => other.addDevice(0x20001, 'daq:2'));
});

test('a name belongs to one open source', (t) => {
  const { hub, source } = openBench();
  t.throws(() => hub.openSource({ name: 'bench', kind: 'x' }), { message: /already open/ });
  t.throws(() => hub.openSource({ name: 'two words', kind: 'x' }), { instanceOf: RangeError });
  source.close();
  t.notThrows(() => hub.openSource({ name: 'bench', kind: 'x' }));
});

test('types are declared once; repeating a declaration is fine, another type with the same id or name is refused', (t) => {
  const { source, hub } = openBench();
  t.notThrows(() => source.declare([{ ...SUPPLY, fields: [...SUPPLY.fields] }]));
  t.throws(() => source.declare([{ ...SUPPLY, name: 'Other' }]), { message: /already taken/ });
  t.throws(() => source.declare([{ ...SUPPLY, id: 0x200, name: 'SUPPLY' }]), { message: /already taken/ });
  t.throws(() => source.declare([{ ...SUPPLY, id: 0x200, name: 'Temperature' }]), {
    message: /already taken/,
  });
  const usable = { ...SUPPLY, id: 0x201, name: 'Usable' };
  t.throws(() => source.declare([usable, { ...SUPPLY, id: 0xff, name: 'Low' }]), { message: /from 256 to/ });
  t.is(hub.tables.dataTypes.findByName('Usable'), undefined);
  for (const wrong of [
    { name: '0x5' },
    { name: 'a b' },
    { length: 5000 },
    { feedRate: 0 },
    { id: 0x10000 },
  ]) {
    t.throws(() => source.declare([{ ...usable, ...wrong }]), { instanceOf: RangeError });
  }
});

test('the classic dialect does not find the types of devices', (t) => {
  const { hub } = openBench();
  t.is(hub.tables.dataTypes.findByKey(Buffer.from('Supply')), undefined);
});

test('a report is refused for a device of another source, an unknown type, and bytes of the wrong length', (t) => {
  const { hub, source } = openBench();
  const other = hub.openSource({ name: 'other', kind: 'other' });
  t.throws(() => other.report(FIRST_SUPPLY, SUPPLY, centivolts(1)), { message: /has no device/ });
  t.throws(() => source.report(FIRST_SUPPLY, { ...SUPPLY }, centivolts(1)), { message: /is not declared/ });
  t.throws(() => source.report(FIRST_SUPPLY, SUPPLY, Buffer.alloc(3)), {
    message: /is not a valid length for/,
  });
  t.is(volts(hub), undefined);
});

test('the bytes of a report are copied, and the device time comes with them', (t) => {
  const { hub, source } = openBench();
  const bytes = centivolts(7);
  source.report(FIRST_SUPPLY, SUPPLY, bytes, 123);
  bytes.fill(0xff);
  t.is(volts(hub), 7);
  t.is(hub.picture.latest(FIRST_SUPPLY, SUPPLY.id)?.deviceTime, 123);
});

test('when values arrive faster than 10/s, the newest of each interval reaches state and feed', (t) => {
  const { bench, clock, mesh, hub } = openBench();
  const { timers } = clock;
  for (let value = 0; value < 50; value++) {
    bench.report(value);
    clock.advance(20);
  }
  clock.advance(100);
  const values = ofDevice(mesh.events).filter((text) => /\d$/.test(text) && !text.includes('added'));
  t.deepEqual(values.slice(0, 3), ['hv:1 0', 'hv:1 4', 'hv:1 9']);
  t.is(values.length, 11);
  t.is(volts(hub), 49);
  t.like(hub.counters(), { devices: { devices: 1, valuesThinned: 39 } });
  t.is(clock.timers, timers);
});

test('a value that waits for its interval keeps its arrival time, and is not lost when the source closes', (t) => {
  const { bench, clock, mesh } = openBench();
  const { timers } = clock;
  bench.report(1);
  clock.advance(30);
  const at = clock.now();
  bench.report(2);
  clock.advance(30);
  bench.source.close();
  const last = mesh.events.findLast((event) => event.kind === 'value');
  t.is(last?.kind === 'value' ? last.value.receivedAt : undefined, at);
  t.is(clock.timers, timers);
});

test('a type with a feedRate of its own is passed on at that rate', (t) => {
  const { source, clock, mesh } = openBench();
  const fast = { ...SUPPLY, id: 0x300, name: 'Fast', feedRate: 50 };
  source.declare([fast]);
  for (let value = 0; value < 10; value++) {
    source.report(FIRST_SUPPLY, fast, centivolts(value));
    clock.advance(20);
  }
  t.is(mesh.events.filter(({ kind }) => kind === 'value').length, 10);
});

test('the status of a device follows the link of its source, and is reported when it changes', (t) => {
  const { bench, mesh, clock } = openBench();
  bench.link('opening');
  bench.link('absent');
  bench.link('up');
  bench.report(1);
  clock.advance(1000);
  bench.report(2);
  bench.link('backingOff');
  bench.link('up');
  t.deepEqual(ofDevice(mesh.events), [
    'hv:1 added',
    'hv:1 unheard',
    'hv:1 active',
    'hv:1 1',
    'hv:1 2',
    'hv:1 unknown',
    'hv:1 active',
  ]);
});

test('a source that loses its link has an alarm of its own, which ends when the link is back', (t) => {
  const { bench, hub } = openBench();
  bench.link('up');
  bench.link('backingOff');
  const [alarm] = hub.alarms.open();
  t.like(alarm, { id: 'LINK_LOST:bench', code: 'LINK_LOST', source: 'bench', active: true });
  bench.link('up');
  t.like(hub.alarms.open()[0], { id: 'LINK_LOST:bench', active: false });
  t.true(hub.alarms.acknowledge('LINK_LOST:bench'));
  t.deepEqual(hub.alarms.open(), []);
});

test('the link of a source is not that of the mesh', (t) => {
  const { bench, hub, mesh } = openBench();
  mesh.link('up');
  bench.link('absent');
  t.is(hub.picture.link().state, 'up');
  t.is(hub.health().link, undefined);
});

test('when a source closes its devices and its alarm are removed, and later reports from it are counted', (t) => {
  const { bench, hub, source, mesh } = openBench();
  bench.link('absent');
  source.close();
  t.deepEqual(hub.picture.devices(), []);
  t.is(hub.alarms.open()[0]?.active, false);
  t.is(ofDevice(mesh.events).at(-1), 'hv:1 forgotten');
  bench.report(1);
  bench.link('absent');
  source.close();
  t.is(hub.alarms.open()[0]?.active, false);
  t.like(hub.counters(), { devices: { devices: 0, reportsLate: 3 } });
});

test('a source that reopens finds its types, and its devices have their last values', (t) => {
  const { bench, hub, source, clock } = openBench();
  bench.report(1200);
  source.close();
  t.is(hub.picture.addressOf('hv:1'), FIRST_SUPPLY);
  const again = new BenchSource(hub, () => clock.now());
  again.link('up');
  t.is(volts(hub), 1200);
  t.like(hub.picture.devices()[0], { restored: true, status: 'unheard' });
  again.report(5);
  t.like(hub.picture.devices()[0], { restored: false, status: 'active' });
});

test('the state of a device from an earlier run is restored when its source adds it', (t) => {
  const mesh = openMesh();
  const { hub, clock } = mesh;
  const values = [
    { typeId: SUPPLY.id, value: { receivedAt: 5, bytes: centivolts(9) } },
    { typeId: NOTE.id, value: { receivedAt: 5, bytes: Buffer.alloc(201) } },
    { typeId: 0x999, value: { receivedAt: 5, bytes: centivolts(9) } },
  ];
  hub.useArchive(hub.memoryArchive(), withDevice(values));
  t.deepEqual(hub.picture.nodes(), []);
  t.deepEqual(hub.picture.devices(), []);
  new BenchSource(hub, () => clock.now());
  const [device] = hub.picture.devices();
  t.like(device, { id: 'hv:1', restored: true, lastHeardAt: 5 });
  t.deepEqual(
    device?.latest.map(({ type }) => type.name),
    ['Supply'],
  );
});

test('a file that is read late gives a device the values that it has not reported itself', (t) => {
  const { hub, bench } = openBench();
  bench.report(1200);
  const note = { typeId: NOTE.id, value: { receivedAt: 5, bytes: Buffer.from('{}') } };
  const values = [{ typeId: SUPPLY.id, value: { receivedAt: 5, bytes: centivolts(9) } }, note];
  hub.joinRestored(withDevice(values), () => {});
  t.is(volts(hub), 1200);
  t.is(hub.picture.latest(FIRST_SUPPLY, NOTE.id)?.bytes.toString(), '{}');
  t.false(hub.picture.devices()[0]?.restored);
});

const LOST = {
  id: 'LINK_LOST:bench',
  code: 'LINK_LOST',
  priority: 'high',
  source: 'bench',
  text: 'no link to bench',
  firstAt: 1,
  lastAt: 1,
  count: 1,
  active: true,
  acknowledged: false,
} as const;

test('an alarm about a source from an earlier run ends when its link is open', (t) => {
  const mesh = openMesh();
  mesh.hub.useArchive(mesh.hub.memoryArchive(), withDevice([], [LOST]));
  t.like(mesh.hub.alarms.open()[0], { source: 'bench', restored: true, active: true });
  new BenchSource(mesh.hub).link('up');
  t.false(mesh.hub.alarms.open()[0]?.active);
});

test('an alarm about a source that no longer exists ends when it is acknowledged', (t) => {
  const mesh = openMesh();
  mesh.hub.useArchive(mesh.hub.memoryArchive(), withDevice([], [LOST]));
  t.true(mesh.hub.alarms.acknowledge(LOST.id));
  t.deepEqual(mesh.hub.alarms.open(), []);
});

test('an alarm about a source from a file that is read late is over if the source has its link', (t) => {
  const { hub, bench } = openBench();
  bench.link('up');
  hub.joinRestored(withDevice([], [LOST]), () => {});
  t.like(hub.alarms.open()[0], { id: LOST.id, active: false });
});

test('whoever watches the reports of a source gets every value, also those that the feed leaves out', (t) => {
  const { hub, bench } = openBench();
  const seen: number[] = [];
  const unsubscribe = hub.watchReports('bench', ({ device, type, value }) => {
    t.is(device, 'hv:1');
    t.is(type, SUPPLY);
    seen.push(value.bytes.readUInt16BE());
  });
  for (const hundredths of [1, 2, 3, 4]) bench.report(hundredths);
  unsubscribe();
  bench.report(5);
  t.deepEqual(seen, [1, 2, 3, 4]);
  t.is(volts(hub), 1, 'the others wait for the end of the interval');
});

test('a removed device is gone, and is back with its last value when it is added again', (t) => {
  const { hub, bench, source, mesh } = openBench(2);
  bench.link('up');
  bench.report(1200);
  source.removeDevice(FIRST_SUPPLY);
  t.deepEqual(
    hub.picture.devices().map(({ id }) => id),
    ['hv:2'],
  );
  t.is(ofDevice(mesh.events).at(-1), 'hv:1 forgotten');
  source.addDevice(FIRST_SUPPLY, 'hv:1');
  t.is(volts(hub), 1200);
  t.throws(() => source.removeDevice(0x1ffff), { message: /has no device/ });
});
