import test from 'ava';
import { FakeBroker } from '../../support/fake-broker.js';
import { MqttFixture } from '../../support/mqtt-fixture.js';
import { netInfo } from '../../support/network-fixture.js';
import { DATA_TYPES_FILE, loadTables, OPCODES_FILE, readTable, temporaryFile } from '../../support/tables.js';

/** Node 5: sequence 7, and a GPS position. */
const DATA = '00 05 44 02 00 07 01 39 30 00 09 BC 00';
const base = 'farm/north';

test('a node is one object, one plain topic per field, and a position', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(DATA);
  const { broker, mesh } = fixture;
  const node = broker.kept(`${base}/node/0x0005`);
  t.like(node, { address: 5, name: 'Node-5', status: 'active', alarms: [], at: mesh.clock.now() });
  t.like(node, { values: { length: 2 } });
  t.is(broker.retained.get(`${base}/node/0x0005/Sequence/sequence`), '7');
  t.is(broker.retained.get(`${base}/node/0x0005/GPS/longitude`), '12.345');
  t.like(broker.kept(`${base}/node/0x0005/position`), { latitude: 48.137, longitude: 12.345 });
});

test('every payload carries its time, and a plain field has it as a property', async (t) => {
  const fixture = await MqttFixture.start({ settings: { countersEveryMs: 1000 } });
  await fixture.say(DATA, netInfo(6));
  await fixture.pass(1000);
  for (const { topic, payload, at } of fixture.broker.taken) {
    const isPlain = /\/node\/0x\w+\/\w+\/\w+$/.test(topic);
    const time = isPlain ? at : JSON.parse(String(payload)).at;
    t.is(typeof time, 'number', topic);
  }
});

test('only the fields that have arrived are published again', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(DATA);
  const before = fixture.broker.taken.length;
  await fixture.say('00 05 44 01 00 08');
  const published = fixture.broker.taken.slice(before).map(({ topic }) => topic);
  t.deepEqual(
    published.filter((topic) => !topic.includes('/event/')),
    [`${base}/node/0x0005`, `${base}/node/0x0005/Sequence/sequence`],
  );
});

test('while there is no link every node is unknown, and known again afterwards', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(DATA);
  fixture.mesh.link('backingOff');
  await fixture.settle();
  t.like(fixture.broker.kept(`${base}/node/0x0005`), { status: 'unknown' });
  t.like(fixture.broker.kept(`${base}/link`), { link: { state: 'backingOff' } });
  fixture.mesh.link('up');
  await fixture.settle();
  t.like(fixture.broker.kept(`${base}/node/0x0005`), { status: 'active' });
});

test('link, paths, robots, alarms and counters are there from the start', async (t) => {
  const fixture = await MqttFixture.start();
  t.like(fixture.broker.kept(`${base}/link`), { link: { state: 'up' }, root: { resets: 0 } });
  t.like(fixture.broker.kept(`${base}/paths`), { paths: [] });
  t.like(fixture.broker.kept(`${base}/robots`), { robots: [] });
  t.like(fixture.broker.kept(`${base}/alarms`), { open: 0, unacknowledged: 0, codes: {} });
  t.like(fixture.broker.kept(`${base}/counters`), { counters: { clients: { accepted: 1 } } });
});

test('the topic counters has the result of the session method counters', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.command('counters', '');
  const [answer] = fixture.broker.at('farm/north/answer/counters') as { result: object }[];
  const { counters } = (fixture.broker.kept(`${base}/counters`) ?? {}) as { counters: object };
  t.deepEqual(Object.keys(counters), Object.keys(answer?.result ?? {}));
  t.true('recorder' in counters && 'classicLog' in counters);
});

test('when a client forgets a node nothing of it remains, including its alarms and its device', async (t) => {
  const fixture = await MqttFixture.start({ settings: { discoveryPrefix: 'homeassistant' } });
  await fixture.say(DATA, '00 05 44 01', '00 06 44 01 00 01');
  t.true(keptOf(fixture, '0x0005').length > 2);
  await fixture.command('forget', { node: 5 });
  const left = [...fixture.broker.retained.keys()].filter((topic) => /0x0005|:5$/.test(topic));
  t.deepEqual(left, []);
  t.true(keptOf(fixture, '0x0006').length > 0);
  t.like(fixture.broker.kept(`${base}/alarms`), { open: 0 });
});

test('counters are published again after their period, and never where it is 0', async (t) => {
  const often = await MqttFixture.start({ settings: { countersEveryMs: 60_000 } });
  await often.pass(180_000);
  t.is(often.broker.at(`${base}/counters`).length, 4);
  const never = await MqttFixture.start();
  await never.pass(180_000);
  t.is(never.broker.at(`${base}/counters`).length, 1);
});

test('robots and paths are published when they change', async (t) => {
  const fixture = await MqttFixture.start();
  const robots = [{ id: 1, name: 'One', state: 'Active', node: 'Node-5' }];
  await fixture.mesh.hub.commands.execute({ kind: 'setRobots', robots }, 'test');
  await fixture.settle();
  t.like(fixture.broker.kept(`${base}/robots`), { robots });
});

test('an open alarm is retained, counted, and named by its node; a closed one is removed', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say('00 05 44');
  t.like(fixture.broker.kept(`${base}/alarm/MALFORMED_DATA:5`), {
    code: 'MALFORMED_DATA',
    node: 5,
    count: 1,
  });
  t.like(fixture.broker.kept(`${base}/alarms`), { open: 1, unacknowledged: 1, codes: { MALFORMED_DATA: 1 } });
  t.like(fixture.broker.kept(`${base}/node/0x0005`), { alarms: ['MALFORMED_DATA'] });
  fixture.mesh.hub.alarms.acknowledge('MALFORMED_DATA:5');
  await fixture.settle();
  t.false(fixture.broker.retained.has(`${base}/alarm/MALFORMED_DATA:5`));
  t.like(fixture.broker.kept(`${base}/alarms`), { open: 0, codes: {} });
  t.like(fixture.broker.kept(`${base}/node/0x0005`), { alarms: [] });
});

/** Topics that are retained of a node. */
const keptOf = ({ broker }: MqttFixture, node: string) =>
  [...broker.retained.keys()].filter((topic) => topic.startsWith(`${base}/node/${node}`));

test('nothing remains of a node that is forgotten', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(DATA);
  t.true(keptOf(fixture, '0x0005').length > 4);
  await fixture.mesh.hub.commands.execute({ kind: 'clean' }, 'test');
  await fixture.settle();
  t.deepEqual(keptOf(fixture, '0x0005'), []);
});

test('nothing remains of a node forgotten while the broker is away, or while it processes the removal', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(DATA, '00 06 44 01 00 01');
  fixture.broker.hold();
  await fixture.mesh.hub.commands.execute({ kind: 'clean' }, 'test');
  await fixture.settle();
  fixture.broker.lose();
  fixture.broker.release();
  await fixture.pass(2000);
  t.deepEqual([...keptOf(fixture, '0x0005'), ...keptOf(fixture, '0x0006')], []);
});

test('a broker that has lost everything gets everything again', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(DATA, '00 06 44');
  const before = new Set(fixture.broker.retained.keys());
  fixture.broker.lose();
  fixture.broker.retained.clear();
  await fixture.pass(2000);
  t.deepEqual(new Set(fixture.broker.retained.keys()), before);
});

test('a name stays within its topic level, whatever it contains', async (t) => {
  const table = readTable(DATA_TYPES_FILE) as { types: object[] };
  const odd = { name: 'a/b+#', id: 99, length: 1, fields: [{ name: 'c/d\n', type: 'u8' }] };
  const file = temporaryFile(t, 'types.json', { types: [...table.types, odd] });
  const fixture = await MqttFixture.start({ tables: loadTables(OPCODES_FILE, file) });
  await fixture.say('00 05 44 01 63 2A');
  t.is(fixture.broker.retained.get(`${base}/node/0x0005/a%2Fb%2B%23/c%2Fd%0A`), '42');
});

/** A report of node 5: its JSON begins with the opcode. */
const report = (content: object) =>
  `00 05 ${[...Buffer.from(`${JSON.stringify(content)}\n`)]
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join(' ')}`;

test('a node with ever new fields gets topics for 64 of them; the object has them all', async (t) => {
  const fixture = await MqttFixture.start();
  for (let index = 0; index < 80; index++) await fixture.say(report({ [`field${index}`]: index }));
  t.is(keptOf(fixture, '0x0005').filter((topic) => topic.includes('/Report/')).length, 64);
  t.is(fixture.connector.counters().picture.fieldsLeftOut, 16);
  t.true(JSON.stringify(fixture.broker.kept(`${base}/node/0x0005`)).includes('field79'));
});

test('the newest value with a position gives the position', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(DATA);
  fixture.mesh.clock.advance(1000);
  await fixture.say(report({ lat: 500_000_000, lon: 80_000_000 }));
  t.like(fixture.broker.kept(`${base}/node/0x0005/position`), { latitude: 50, longitude: 8 });
});

test('a position that is not on earth is not published, and the previous one stays', async (t) => {
  const fixture = await MqttFixture.start({ settings: { discoveryPrefix: 'homeassistant' } });
  const nowhere = { lat: 5_000_000_000, lon: -9_990_000_000 };
  await fixture.say(report(nowhere));
  t.is(fixture.broker.kept(`${base}/node/0x0005/position`), undefined);
  t.false(
    JSON.stringify(fixture.broker.kept('homeassistant/device/farm-north-0x0005/config')).includes('gps"'),
  );
  await fixture.say(DATA);
  fixture.mesh.clock.advance(1000);
  await fixture.say(report(nowhere));
  t.like(fixture.broker.kept(`${base}/node/0x0005/position`), { latitude: 48.137, longitude: 12.345 });
  t.is(fixture.broker.retained.get(`${base}/node/0x0005/Report/lat`), '500', 'the field is unchanged');
});

/** A broker with the retained topics of an earlier run. */
async function brokerOfEarlierRun(): Promise<FakeBroker> {
  const earlier = await MqttFixture.start();
  await earlier.say(DATA, '00 06 44');
  earlier.broker.lose();
  return earlier.broker;
}

test('an alarm of an earlier run that is no longer open is removed at once', async (t) => {
  const broker = await brokerOfEarlierRun();
  t.true(broker.retained.has(`${base}/alarm/MALFORMED_DATA:6`));
  await MqttFixture.start({ broker });
  t.false(broker.retained.has(`${base}/alarm/MALFORMED_DATA:6`));
});

test('a node of an earlier run is removed when the root has not listed it for 10 minutes', async (t) => {
  const broker = await brokerOfEarlierRun();
  const fixture = await MqttFixture.start({ broker });
  await fixture.pass(300_000);
  t.true(keptOf(fixture, '0x0005').length > 4);
  await fixture.say('00 06 45 00');
  await fixture.pass(320_000);
  t.deepEqual(keptOf(fixture, '0x0005'), []);
  t.like(broker.kept(`${base}/node/0x0006`), { status: 'disconnected' });
});

test('it is kept while there is no link, since nothing could report it', async (t) => {
  const broker = await brokerOfEarlierRun();
  const fixture = await MqttFixture.start({ broker });
  fixture.mesh.link('absent');
  await fixture.pass(3_600_000);
  t.true(keptOf(fixture, '0x0005').length > 4);
  fixture.mesh.link('up');
  await fixture.pass(620_000);
  t.deepEqual(keptOf(fixture, '0x0005'), []);
});

test('leftovers are read once, and unreadable ones are left alone', async (t) => {
  const broker = new FakeBroker();
  for (const [topic, payload] of [
    ['node/0x0007', 'nonsense'],
    ['node/0x0008', '{"address":9}'],
    ['node/x', '{"address":-1,"values":3}'],
    ['alarm/A', '{"id":"B"}'],
    ['alarm/C', '[]'],
  ] as const) {
    broker.retained.set(`${base}/${topic}`, payload);
  }
  const fixture = await MqttFixture.start({ broker });
  t.true(broker.subscribed.has(`${base}/node/+`));
  await fixture.pass(620_000);
  t.false(broker.subscribed.has(`${base}/node/+`));
  for (const topic of ['node/0x0007', 'node/0x0008', 'alarm/A'])
    t.true(broker.retained.has(`${base}/${topic}`), topic);
  broker.lose();
  await fixture.pass(2000);
  t.false(broker.subscribed.has(`${base}/node/+`));
});
