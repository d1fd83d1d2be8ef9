import test from 'ava';
import { bytesOf } from '../support/hex.js';
import { NetworkFixture } from '../support/network-fixture.js';

const SECOND = 1000;
const QUIET = { refreshEveryMs: 0, rootSilentAfterMs: 3_600 * SECOND };

function alarms({ hub }: NetworkFixture): string[] {
  return hub.alarms.open().map(({ id, active }) => (active ? id : `${id} over`));
}

function statusEvents({ events }: NetworkFixture): string[] {
  return events.flatMap((event) =>
    event.kind === 'node' && event.change === 'status' ? [`${event.node} ${event.status}`] : [],
  );
}

test('a link that goes down raises LINK_LOST, once, until it is open again', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  t.deepEqual(alarms(fixture), []);
  for (const state of ['backingOff', 'opening', 'backingOff', 'opening'] as const) fixture.link(state);
  t.deepEqual(alarms(fixture), ['LINK_LOST']);
  t.is(fixture.hub.alarms.open()[0]?.count, 1);
  fixture.link('probing');
  t.deepEqual(alarms(fixture), ['LINK_LOST over']);
  t.true(fixture.hub.alarms.acknowledge('LINK_LOST'));
  t.deepEqual(alarms(fixture), []);
});

test('a gateway that is stopped raises no alarm about its link', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.link('stopped');
  t.deepEqual(alarms(fixture), []);
});

test('a root that is silent while the link is open raises ROOT_SILENT, until it is heard', async (t) => {
  const fixture = await NetworkFixture.up({ ...QUIET, rootSilentAfterMs: 10 * SECOND });
  await fixture.pass(9 * SECOND);
  t.deepEqual(alarms(fixture), []);
  await fixture.pass(1 * SECOND);
  t.deepEqual(alarms(fixture), ['ROOT_SILENT']);
  fixture.say('00 05 52 00');
  await fixture.pass(SECOND);
  t.deepEqual(alarms(fixture), ['ROOT_SILENT over']);
});

test('the silence of a root counts from when the link was opened, and ends with the link', async (t) => {
  const fixture = await NetworkFixture.up({ ...QUIET, rootSilentAfterMs: 10 * SECOND });
  fixture.link('backingOff');
  await fixture.pass(60 * SECOND);
  fixture.link('probing');
  await fixture.pass(9 * SECOND);
  t.deepEqual(alarms(fixture), ['LINK_LOST over']);
  await fixture.pass(SECOND);
  t.deepEqual(alarms(fixture), ['LINK_LOST over', 'ROOT_SILENT']);
  fixture.link('backingOff');
  t.deepEqual(alarms(fixture), ['LINK_LOST', 'ROOT_SILENT over']);
});

test('a root that has restarted raises ROOT_RESTARTED', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 00 03', '00 00 03 6F 6E 0A');
  t.deepEqual(alarms(fixture), ['ROOT_RESTARTED over']);
  t.is(fixture.hub.alarms.open()[0]?.count, 2);
});

test('a node that falls silent is reported within a second and raises NODE_DISCONNECTED, until it is heard', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00');
  fixture.forget();
  await fixture.pass(61 * SECOND);
  t.deepEqual(statusEvents(fixture), ['5 idle']);
  t.deepEqual(alarms(fixture), []);
  await fixture.pass(120 * SECOND);
  t.deepEqual(statusEvents(fixture), ['5 idle', '5 disconnected']);
  t.deepEqual(alarms(fixture), ['NODE_DISCONNECTED:5']);
  t.is(fixture.hub.alarms.open()[0]?.node, 5);
  fixture.say('00 05 52 00');
  t.deepEqual(alarms(fixture), ['NODE_DISCONNECTED:5 over']);
});

test('no node is reported as disconnected while there is no link', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00');
  fixture.link('backingOff');
  fixture.forget();
  await fixture.pass(600 * SECOND);
  t.deepEqual(statusEvents(fixture), []);
  t.deepEqual(alarms(fixture), ['LINK_LOST']);
});

test('a root that a client restarts disconnects every node, but raises no alarm per node', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00', '00 06 52 00');
  fixture.forget();
  await fixture.hub.commands.execute({ kind: 'resetRoot' }, 'test');
  t.deepEqual(statusEvents(fixture).sort(), ['5 disconnected', '6 disconnected']);
  await fixture.pass(5 * SECOND);
  t.deepEqual(alarms(fixture), []);
});

test('a forgotten node no longer counts for alarms', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00');
  await fixture.pass(181 * SECOND);
  await fixture.hub.commands.execute({ kind: 'clean' }, 'test');
  t.deepEqual(alarms(fixture), ['NODE_DISCONNECTED:5 over']);
});

test('a command that does not fit in the queue raises QUEUE_FULL', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.failure = 'queueFull';
  for (let times = 0; times < 3; times++) {
    await fixture.hub.commands.execute({ kind: 'broadcast', message: Buffer.of(1) }, 'test');
  }
  t.deepEqual(alarms(fixture), ['QUEUE_FULL over']);
  t.is(fixture.hub.alarms.open()[0]?.count, 3);
});

test('a node whose data cannot be read raises MALFORMED_DATA, with the reason', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 44 01', '00 05 44 01 00 07 07');
  t.deepEqual(alarms(fixture), ['MALFORMED_DATA:5 over']);
  t.like(fixture.hub.alarms.open()[0], { node: 5, count: 2, text: 'has extra bytes after its values' });
});

test('a body that cannot come from a node is no node’s alarm', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  for (const body of ['C0 00 44 01', '00', '00 00 01 05']) fixture.network.onFrame(bytesOf(body));
  t.deepEqual(alarms(fixture), []);
});

test('every alarm is an event, after the event that caused it', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00');
  fixture.forget();
  await fixture.pass(181 * SECOND);
  const kinds = fixture.events.map((event) => event.kind);
  t.deepEqual(kinds, ['node', 'node', 'alarm']);
});

test('after a link outage nodes are unknown until they are heard or could have been, without alarms', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00', '00 06 52 00');
  fixture.link('backingOff');
  await fixture.pass(600 * SECOND);
  fixture.link('probing');
  fixture.link('up');
  await fixture.pass(10 * SECOND);
  fixture.say('00 05 52 00');
  t.is(fixture.hub.picture.findNode(5)?.status, 'active');
  t.is(fixture.hub.picture.findNode(6)?.status, 'unknown');
  t.deepEqual(alarms(fixture), ['LINK_LOST over']);
  await fixture.pass(170 * SECOND);
  t.is(fixture.hub.picture.findNode(6)?.status, 'disconnected');
  t.deepEqual(alarms(fixture), ['LINK_LOST over', 'NODE_DISCONNECTED:6']);
});

test('a short link outage does not affect nodes that were heard just before', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00');
  fixture.link('backingOff');
  await fixture.pass(2 * SECOND);
  fixture.link('probing');
  fixture.link('up');
  t.is(fixture.hub.picture.findNode(5)?.status, 'active');
});

test('a node that does not return after a restart ordered by a client raises an alarm in the end', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00', '00 06 52 00');
  await fixture.hub.commands.execute({ kind: 'resetRoot' }, 'test');
  await fixture.pass(100 * SECOND);
  fixture.say('00 05 52 00');
  await fixture.pass(81 * SECOND);
  t.deepEqual(alarms(fixture), ['NODE_DISCONNECTED:6']);
});

test('a restart of the root is an alarm unless a client has just ordered it', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00');
  await fixture.hub.commands.execute({ kind: 'resetRoot' }, 'test');
  await fixture.pass(5 * SECOND);
  fixture.say('00 00 03');
  t.deepEqual(alarms(fixture), []);
  await fixture.pass(60 * SECOND);
  fixture.say('00 00 03');
  t.deepEqual(alarms(fixture), ['ROOT_RESTARTED over']);
});
