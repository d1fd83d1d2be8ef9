import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { describeEvent } from '../../../src/api/describe.js';
import { FakeBroker } from '../../support/fake-broker.js';
import { MqttFixture } from '../../support/mqtt-fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'mg-mqtt-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** The id that the number in the state file belongs to. */
const AT = 'mqtt://broker.test/farm/north';

/** Node 5 sends a sequence number. */
const sequence = (value: number) => `00 05 44 01 00 ${value.toString(16).toUpperCase().padStart(2, '0')}`;

/** From the first number to the last, none missing. */
const allBetween = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('every event goes to the broker, in order and in the form of the session', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.mesh.forget();
  await fixture.say(sequence(1), sequence(2), '00 06 45 AA');
  const published = fixture.broker.below('farm/north/event').slice(1);
  t.deepEqual(published, JSON.parse(JSON.stringify(fixture.mesh.events.map(describeEvent))));
});

for (const [body, topics] of [
  ['00 05 45 AA', ['node/0x0005', 'node/0x0005', 'message/0x0005/Echo']],
  ['00 00 03', ['alarm/ROOT_RESTARTED', 'message/0x0000/RootReset']],
  ['00 05 99', ['node/0x0005', 'node/0x0005', 'message/0x0005/Unknown 0x99']],
  ['00 05 44 01 00 07', ['node/0x0005', 'node/0x0005', 'value/0x0005/Sequence', 'message/0x0005/Data']],
  ['00 05 44', ['alarm/MALFORMED_DATA', 'node/0x0005', 'node/0x0005', 'message/0x0005/Malformed']],
] as const) {
  test(`topics of the events of ${body}`, async (t) => {
    const fixture = await MqttFixture.start();
    const before = fixture.broker.taken.length;
    await fixture.say(body);
    const events = fixture.broker.taken
      .slice(before)
      .filter(({ topic }) => topic.startsWith('farm/north/event/'));
    const named = events.map(({ topic }) => topic.slice('farm/north/event/'.length));
    t.deepEqual(
      named.filter((topic) => topic !== 'traffic'),
      [...topics],
    );
    t.true(events.every(({ retain }) => !retain));
  });
}

test('deliveries are below their receiver, or below all', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.mesh.hub.commands.deliver(
    { kind: 'send', to: 5, message: Buffer.from('T'), tracked: false },
    { owner: 'test' },
  );
  fixture.mesh.hub.commands.deliver({ kind: 'broadcast', message: Buffer.from('T') }, { owner: 'test' });
  await fixture.settle();
  t.deepEqual(stages(fixture, '0x0005'), ['queued', 'written']);
  t.deepEqual(stages(fixture, 'all'), ['queued', 'written']);
});

function stages({ broker }: MqttFixture, to: string): unknown[] {
  return broker
    .at(`farm/north/event/delivery/${to}`)
    .map(({ delivery }) => (delivery as { stage: string }).stage);
}

test('without state of an earlier run it begins with a gap up to the present', async (t) => {
  const fixture = await MqttFixture.make();
  const last = fixture.mesh.hub.feed.lastSeq();
  fixture.connector.start();
  await fixture.settle();
  t.like(fixture.gaps()[0], { kind: 'gap', from: null, to: last });
  t.is(fixture.gaps().length, 1);
});

test('events during an outage of the broker are published afterwards, in order', async (t) => {
  const broker = new FakeBroker();
  broker.refusal = 'unreachable';
  const fixture = await MqttFixture.start({ broker });
  const first = fixture.mesh.hub.feed.lastSeq() + 1;
  await fixture.say(...[1, 2, 3, 4].map(sequence));
  t.deepEqual(broker.taken, []);
  broker.refusal = undefined;
  await fixture.pass(2000);
  t.deepEqual(fixture.eventNumbers(), allBetween(first, fixture.mesh.hub.feed.lastSeq()));
});

test('beyond the capacity of the ring events become a gap, followed by those it holds', async (t) => {
  const fixture = await MqttFixture.start({ mesh: { eventsHeld: 20 } });
  const { hub } = fixture.mesh;
  await fixture.say(sequence(0));
  const known = hub.feed.lastSeq();
  fixture.broker.lose();
  for (let value = 1; value < 50; value++) fixture.mesh.say(sequence(value));
  const published = fixture.eventNumbers().length;
  await fixture.pass(2000);
  t.like(fixture.gaps().at(-1), { from: known + 1, to: hub.feed.lastSeq() - 20 });
  t.deepEqual(
    fixture.eventNumbers().slice(published),
    allBetween(hub.feed.lastSeq() - 19, hub.feed.lastSeq()),
  );
});

test('events unacknowledged when the connection was lost are sent again; acknowledged ones are not', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.hold();
  const first = fixture.mesh.hub.feed.lastSeq() + 1;
  await fixture.say(...[1, 2, 3, 4, 5].map(sequence));
  const last = fixture.mesh.hub.feed.lastSeq();
  const sent = fixture.broker.waiting
    .map(({ topic }) => topic)
    .indexOf('farm/north/event/message/0x0005/Data');
  fixture.broker.acknowledge(sent + 1);
  await fixture.settle();
  const had = fixture.eventNumbers();
  t.true(had.length > 0 && had.length < last - first + 1);
  fixture.broker.lose();
  fixture.broker.release();
  await fixture.pass(2000);
  t.deepEqual(fixture.eventNumbers(), allBetween(first, last));
});

test('an acknowledgement out of order does not hide earlier events that are still open', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.refuses = (topic) => (topic.includes('/value/') ? 'not allowed' : undefined);
  await fixture.say(sequence(1));
  const value = fixture.mesh.events.find(({ kind }) => kind === 'value')?.seq;
  t.like(fixture.gaps().at(-1), { from: value, to: value });
  t.is(fixture.connector.counters().events.behind, 0);
});

test('an event that is larger than the broker allows is reported as a gap, and logged', async (t) => {
  const broker = new FakeBroker();
  broker.limits = { receiveMaximum: 10, maximumPacketSize: 1000 };
  const fixture = await MqttFixture.start({ broker });
  await fixture.say(`00 05 00 ${'AA '.repeat(400)}`);
  t.is(fixture.gaps().length, 2);
  t.true(fixture.logged.some((line) => line.includes('larger than the broker allows')));
  t.true(fixture.connector.counters().outbox.tooLarge >= 1);
});

test('the last number at the broker is kept in a file, and the next run reports what is lost', async (t) => {
  const stateFile = join(folder, 'new', 'mqtt.json');
  const first = await MqttFixture.start({ settings: { stateFile } });
  await first.say(sequence(1));
  await first.pass(1000);
  const known = first.mesh.hub.feed.lastSeq();
  t.deepEqual(JSON.parse(readFileSync(stateFile, 'utf8')), { at: AT, acknowledged: known });
  const broker = new FakeBroker();
  broker.refusal = 'unreachable';
  const second = await MqttFixture.start({ settings: { stateFile }, broker });
  second.mesh.clock.setHostClock(second.mesh.clock.now() + 1);
  broker.refusal = undefined;
  await second.pass(2000);
  t.deepEqual(
    second.gaps().map(({ from }) => from),
    [known + 1],
  );
});

test('the number belongs to one broker, and to one id there', async (t) => {
  const stateFile = join(folder, 'places.json');
  const first = await MqttFixture.start({ settings: { stateFile } });
  await first.pass(1000);
  for (const settings of [{ url: 'mqtt://other.test' }, { id: 'south' }, { prefix: 'estate' }]) {
    const other = await MqttFixture.make({ settings: { stateFile, ...settings } });
    other.connector.start();
    await other.settle();
    const base = `${settings.prefix ?? 'farm'}/${settings.id ?? 'north'}`;
    t.like(other.broker.at(`${base}/event/gap`)[0], { from: null });
  }
});

test('it is written once a second at most, and when the connector stops', async (t) => {
  const stateFile = join(folder, 'once.json');
  const fixture = await MqttFixture.start({ settings: { stateFile } });
  t.false(existsSync(stateFile));
  await fixture.pass(1000);
  const written = readFileSync(stateFile, 'utf8');
  await fixture.say(sequence(1));
  await fixture.pass(999);
  t.is(readFileSync(stateFile, 'utf8'), written);
  const stopped = fixture.connector.stop();
  await fixture.settle();
  await stopped;
  t.deepEqual(JSON.parse(readFileSync(stateFile, 'utf8')), {
    at: AT,
    acknowledged: fixture.mesh.hub.feed.lastSeq(),
  });
});

test('a file that cannot be read is named in the log, and ignored', async (t) => {
  const stateFile = join(folder, 'broken.json');
  writeFileSync(stateFile, '{');
  const fixture = await MqttFixture.start({ settings: { stateFile } });
  t.true(fixture.logged.some((line) => line.includes(stateFile)));
  t.like(fixture.gaps()[0], { from: null });
});
