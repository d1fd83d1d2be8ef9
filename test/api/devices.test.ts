import test from 'ava';
import type { DeliveryInfo, DeviceDetails, DeviceInfo, NodeInfo, Value } from '../../src/api/shapes.js';
import { BenchSource, FIRST_SUPPLY, SUPPLY } from '../support/bench-source.js';
import { CAMERA, CommandedBench, FIRST_STAGE, STATE } from '../support/commanded-bench.js';
import { SessionFixture } from '../support/session-fixture.js';

/** A session on a gateway with node 5 and the supplies `hv:1` and `hv:2`; the first has reported 12 V. */
async function openSession() {
  const session = await SessionFixture.open();
  const { hub, clock } = session.mesh;
  session.mesh.say('00 05 44 01 00 07');
  const bench = new BenchSource(hub, () => clock.now(), 2);
  bench.link('up');
  bench.report(1200);
  return { session, bench, clock };
}

test('devices lists them with source, status and latest values; nodes lists the mesh only', async (t) => {
  const { session } = await openSession();
  const { devices } = await session.result<{ devices: DeviceInfo[] }>('devices');
  t.like(devices, [
    { id: 'hv:1', node: FIRST_SUPPLY, source: 'bench', status: 'active', restored: false },
    { id: 'hv:2', status: 'unheard', lastHeardAt: null, values: [] },
  ]);
  const voltage = { voltage: { value: 12, unit: 'V' } };
  t.like(devices[0]?.values[0], {
    node: FIRST_SUPPLY,
    device: 'hv:1',
    type: 'Supply',
    fields: voltage,
    ageMs: 0,
  });
  const { nodes } = await session.result<{ nodes: NodeInfo[] }>('nodes');
  t.deepEqual(
    nodes.map(({ address }) => address),
    [5],
  );
});

for (const node of ['hv:1', 'HV:1', FIRST_SUPPLY]) {
  test(`a device is found by ${node} wherever a node is expected`, async (t) => {
    const { session, clock } = await openSession();
    const series = { type: 'Supply', node };
    t.like(await session.result('node', { node }), { device: 'hv:1', name: 'hv:1', status: 'active' });
    for (const [method, more] of [
      ['latest', {}],
      ['at', { time: clock.now() }],
      ['range', {}],
      ['export', {}],
    ] as const) {
      const { values } = await session.result<{ values: Value[] }>(method, { ...series, ...more });
      t.like(values, [{ device: 'hv:1', node: FIRST_SUPPLY, fields: { voltage: { value: 12 } } }], method);
    }
    const range = { from: clock.now() - 60_000, to: clock.now(), bucketMs: 60_000 };
    const { buckets } = await session.result<{ buckets: object[] }>('aggregate', { ...series, ...range });
    t.like(buckets, [{ count: 1, fields: { voltage: { mean: 12 } } }]);
    const { facts } = await session.result<{ facts: string[] }>('explain', { node });
    t.deepEqual(facts, ['hv:1 is active', 'last value 0 s ago', 'the link of bench is up']);
  });
}

test('latest of a type returns every node and device that has one', async (t) => {
  const { session, bench } = await openSession();
  bench.report(1300, FIRST_SUPPLY + 1);
  const { values } = await session.result<{ values: Value[] }>('latest', { type: SUPPLY.id });
  t.deepEqual(
    values.map(({ device }) => device),
    ['hv:1', 'hv:2'],
  );
  const sequences = await session.result<{ values: Value[] }>('latest', { type: 'Sequence' });
  t.deepEqual(
    sequences.values.map(({ node, device }) => [node, device]),
    [[5, undefined]],
  );
  t.false('device' in (sequences.values[0] ?? {}));
});

test('events about a device have its id, and a subscription can filter by it', async (t) => {
  const { session, bench } = await openSession();
  await session.subscribe({ nodes: ['hv:2'], kinds: ['value', 'node'] });
  bench.report(1, FIRST_SUPPLY);
  bench.report(2, FIRST_SUPPLY + 1);
  session.mesh.say('00 05 44 01 00 08');
  const [added, value, ...rest] = session.events();
  t.like(added, { kind: 'node', device: 'hv:2', change: 'status', status: 'active' });
  t.like(value, { kind: 'value', value: { device: 'hv:2', node: FIRST_SUPPLY + 1, type: 'Supply' } });
  t.deepEqual(rest, []);
});

test('values of two types of a device are not coalesced with one another', async (t) => {
  const { session, bench } = await openSession();
  const other = { ...SUPPLY, id: 0x200, name: 'Reserve' };
  bench.source.declare([other]);
  await session.subscribe({ kinds: ['value'], minIntervalMs: 1000 });
  bench.report(1, FIRST_SUPPLY + 1);
  bench.source.report(FIRST_SUPPLY + 1, other, Buffer.of(0, 2));
  t.is(session.events().length, 2);
});

test('a snapshot has the devices', async (t) => {
  const { session } = await openSession();
  const { snapshot } = await session.subscribe({ snapshot: true });
  t.deepEqual(
    snapshot?.devices.map(({ id }) => id),
    ['hv:1', 'hv:2'],
  );
  t.deepEqual(
    snapshot?.nodes.map(({ address }) => address),
    [5],
  );
});

test('an alarm about a source names the source', async (t) => {
  const { session, bench } = await openSession();
  bench.link('absent');
  t.like(await session.result('alarms'), {
    alarms: [{ id: 'LINK_LOST:bench', source: 'bench', node: null }],
  });
});

for (const method of ['send', 'ping', 'forget']) {
  test(`${method} is refused for a device, which is not in the mesh`, async (t) => {
    const { session } = await openSession();
    const message = method === 'send' ? { text: 'Ehi' } : {};
    t.is(await session.refusal(method, { node: 'hv:1', ...message }), 'BAD_PARAMS');
    t.is(await session.refusal(method, { node: FIRST_SUPPLY, ...message }), 'BAD_PARAMS');
  });
}

test('addresses between the mesh and the devices match nothing', async (t) => {
  const { session } = await openSession();
  t.is(await session.refusal('node', { node: 0x8000 }), 'BAD_PARAMS');
  t.is(await session.refusal('node', { node: FIRST_SUPPLY + 9 }), 'NODE_NOT_FOUND');
  t.is(await session.refusal('node', { node: 'hv:9' }), 'NODE_NOT_FOUND');
});

test('types declared by a source are among the data types, and device counters among the counters', async (t) => {
  const { session } = await openSession();
  const { types } = await session.result<{ types: { name: string; id: number }[] }>('dataTypes');
  t.like(
    types.find(({ name }) => name === 'Supply'),
    { id: 0x100 },
  );
  t.like(await session.result('counters'), { devices: { devices: 2, valuesThinned: 0 } });
});

async function openStage(role: 'send' | 'admin' = 'admin') {
  const session = await SessionFixture.open({ role });
  const bench = new CommandedBench(session.mesh.hub, () => session.mesh.clock.now());
  bench.link('up');
  return { session, bench };
}

test('device lists commands with their arguments, and images without their bytes', async (t) => {
  const { session, bench } = await openStage();
  bench.source.report(FIRST_STAGE, CAMERA, Buffer.from('first'));
  bench.source.report(FIRST_STAGE, CAMERA, Buffer.from('newest'));
  const device = await session.result<DeviceDetails>('device', { device: 'stage' });
  t.is(device.description, 'Stage of the bench');
  t.like(device.images, [{ type: 'Camera', mediaType: 'image/png', bytes: 6 }]);
  t.deepEqual(
    device.commands.map(({ name, role, hazardous, abortable }) => [name, role, hazardous, abortable]),
    [
      ['move', 'send', true, true],
      ['home', 'admin', false, false],
    ],
  );
  t.like(device.commands[0]?.arguments[0], {
    name: 'position',
    unit: 'mm',
    min: 0,
    max: 100,
    required: true,
  });
  const image = await session.result('image', { device: 'stage', type: 'Camera' });
  t.like(image, { mediaType: 'image/png', data: Buffer.from('newest').toString('base64') });
  t.is(await session.refusal('image', { device: 'stage', type: 'StageState' }), 'TYPE_NOT_FOUND');
});

test('an image is in no event, and a field of an enumeration has its name', async (t) => {
  const { session, bench } = await openStage();
  const before = session.mesh.hub.feed.lastSeq();
  bench.source.report(FIRST_STAGE, CAMERA, Buffer.from('png'));
  const kinds = session.mesh.hub.feed.replay(before).events.map(({ kind }) => kind);
  t.deepEqual(kinds, ['node'], 'it is active now');
  bench.source.report(FIRST_STAGE, STATE, Buffer.of(1));
  const { values } = await session.result<{ values: Value[] }>('latest', { type: 'StageState' });
  t.deepEqual(values[0]?.fields, { state: { value: 1, name: 'MOVING' } });
  bench.source.report(FIRST_STAGE, STATE, Buffer.of(9));
  await session.pass(1000);
  const later = await session.result<{ values: Value[] }>('latest', { type: 'StageState' });
  t.deepEqual(later.values[0]?.fields, { state: { value: 9 } });
});

test('a command is answered when the device accepts it, and its stages are events', async (t) => {
  const { session, bench } = await openStage();
  await session.subscribe();
  const request = session.post('command', { device: 'stage', name: 'move', arguments: { position: 5 } });
  t.is(session.replyTo(request), undefined);
  bench.lastRun.accept();
  await session.pass(0);
  const accepted = session.replyTo(request)?.result as DeliveryInfo;
  t.like(accepted, { stage: 'accepted', device: 'stage', message: '' });
  t.deepEqual(accepted.command, { name: 'move', arguments: { position: 5, mode: 'slow' } });
  t.like(await session.result('abort', { delivery: accepted.id }), { id: accepted.id });
  bench.lastRun.aborted();
  t.like(await session.result('delivery', { id: accepted.id }), { stage: 'aborted' });
});

test('commands of a device are listed newest first, those under way with the ended ones', async (t) => {
  const { session, bench } = await openStage();
  bench.acceptsAtOnce = true;
  for (const position of [1, 2, 3]) {
    await session.result('command', { device: 'stage', name: 'move', arguments: { position } });
    if (position < 3) bench.lastRun.complete({ position });
    await session.pass(1);
  }
  const { deliveries } = await session.result<{ deliveries: DeliveryInfo[] }>('deliveries', {
    device: 'stage',
  });
  t.deepEqual(
    deliveries.map(({ command, stage }) => [command?.arguments.position, stage]),
    [
      [3, 'accepted'],
      [2, 'completed'],
      [1, 'completed'],
    ],
  );
  const one = await session.result<{ deliveries: DeliveryInfo[] }>('deliveries', {
    device: FIRST_STAGE,
    limit: 1,
  });
  t.deepEqual(one.deliveries, deliveries.slice(0, 1));
  t.is(await session.refusal('deliveries', { device: 'nothing' }), 'NODE_NOT_FOUND');
});

test('what is wrong with a command is refused before the device sees it', async (t) => {
  const { session, bench } = await openStage('send');
  const move = { device: 'stage', name: 'move' };
  t.is(await session.refusal('command', { ...move, arguments: { position: 500 } }), 'BAD_PARAMS');
  t.is(await session.refusal('command', { ...move, name: 'fly' }), 'COMMAND_NOT_FOUND');
  t.is(await session.refusal('command', { device: 'stage', name: 'home' }), 'FORBIDDEN');
  t.is(await session.refusal('command', { device: 'nothing', name: 'move' }), 'NODE_NOT_FOUND');
  t.is(await session.refusal('abort', { delivery: 'none' }), 'DELIVERY_NOT_FOUND');
  t.deepEqual(bench.runs, []);
  bench.link('backingOff');
  t.is(await session.refusal('command', { ...move, arguments: { position: 5 } }), 'LINK_DOWN');
});

test("a device's rejection has its own words", async (t) => {
  const { session, bench } = await openStage();
  const request = session.post('command', { device: 'stage', name: 'move', arguments: { position: 5 } });
  bench.lastRun.fail('rejectedByDevice', 'interlock open');
  await session.pass(0);
  const { error } = session.replyTo(request) ?? {};
  t.is(error?.data.code, 'REJECTED_BY_DEVICE');
  t.regex(error?.message ?? '', /interlock open/);
});

test('the names of an enumeration are among what a data type is', async (t) => {
  const { session } = await openStage();
  const { types } = await session.result<{ types: { name: string; fields: object[] }[] }>('dataTypes');
  t.deepEqual(types.find(({ name }) => name === 'StageState')?.fields, [
    { name: 'state', unit: null, names: { '0': 'IDLE', '1': 'MOVING' } },
  ]);
});
