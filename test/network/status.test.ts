import test from 'ava';
import { NetworkFixture, netInfo } from '../support/network-fixture.js';

const SECOND = 1000;
const NO_REFRESH = { refreshEveryMs: 0 };

test('being listed creates a node, but is not contact', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say(netInfo(5));
  t.deepEqual(fixture.statuses(), ['5 unheard']);
  t.is(fixture.hub.picture.findNode(5)?.lastHeardAt, undefined);
  t.is(fixture.hub.picture.activeNodeCount(), 0);
});

test('any message from a node is contact, and creates the node', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  const messages = [
    '00 05 00',
    '00 06 02 32 10 00*14',
    '00 07 05 00*16',
    '00 08 44 01 00 07',
    '00 09 52 00',
    '00 0A 45 01',
    '00 0B 41',
    '00 0C 54 46',
    '00 0D 53',
    '00 0E 7B 22 61 22 3A 31 7D 0A',
    '00 0F 99',
    '00 10 68 65 6C 6C 6F 0A',
    '00 11 44 01',
  ];
  fixture.say(...messages);
  t.is(fixture.hub.picture.activeNodeCount(), messages.length);
  t.true(fixture.hub.picture.nodes().every(({ status }) => status === 'active'));
  t.is(fixture.hub.picture.findNode(5)?.lastHeardAt, fixture.clock.now());
});

test('messages of the root about itself are not contact of a node', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 00 03', '00 00 04 00', '00 00 45 72 72 0A', '00 00 99', '00 00 00');
  t.deepEqual(fixture.statuses(), []);
  t.is(fixture.hub.picture.root().lastHeardAt, fixture.clock.now());
});

test('messages of the root about a node are not contact either', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 00 02 00 05 32 10 00*14', '00 01 02 00 06 32 10 00*14');
  t.deepEqual(fixture.statuses(), ['5 unheard', '6 unheard']);
});

test('without contact a node is idle after 60 s and disconnected after 180 s, to the millisecond', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 52 00');
  const steps = [
    [60 * SECOND - 1, 'active'],
    [1, 'idle'],
    [120 * SECOND - 1, 'idle'],
    [1, 'disconnected'],
    [3600 * SECOND, 'disconnected'],
  ] as const;
  for (const [ms, status] of steps) {
    fixture.clock.advance(ms);
    t.is(fixture.hub.picture.findNode(5)?.status, status);
  }
  fixture.say('00 05 52 00');
  t.is(fixture.hub.picture.findNode(5)?.status, 'active');
});

test('the thresholds are configurable', async (t) => {
  const fixture = await NetworkFixture.up({ ...NO_REFRESH, idleAfterMs: 10, disconnectedAfterMs: 20 });
  fixture.say('00 05 52 00');
  fixture.clock.advance(10);
  t.is(fixture.hub.picture.findNode(5)?.status, 'idle');
  fixture.clock.advance(10);
  t.is(fixture.hub.picture.findNode(5)?.status, 'disconnected');
});

test('an idle node still counts as active for clients of the classic dialect', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 52 00', netInfo(6));
  fixture.clock.advance(100 * SECOND);
  t.is(fixture.hub.picture.activeNodeCount(), 1);
});

test('a node missing from two lists in a row is disconnected', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 52 00', '00 06 52 00');
  fixture.say(netInfo(6));
  t.deepEqual(fixture.statuses(), ['5 active', '6 active']);
  fixture.say(netInfo(6));
  t.deepEqual(fixture.statuses(), ['5 disconnected', '6 active']);
  fixture.say('00 05 52 00');
  t.is(fixture.hub.picture.findNode(5)?.status, 'active');
});

test('lists without a node count only if no other sign of it comes between', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 52 00');
  fixture.say(netInfo(6), netInfo(5, 6), netInfo(6));
  t.is(fixture.hub.picture.findNode(5)?.status, 'active');
  fixture.say('00 05 52 00', netInfo(6));
  t.is(fixture.hub.picture.findNode(5)?.status, 'active');
});

test('a node that was never heard is disconnected too when it is missing from two lists', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say(netInfo(5), netInfo(6), netInfo(6));
  t.deepEqual(fixture.statuses(), ['5 disconnected', '6 unheard']);
});

test('without a link the status of nodes that were heard is unknown', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 52 00', netInfo(6));
  for (const state of ['backingOff', 'opening', 'probing'] as const) {
    fixture.link(state);
    t.deepEqual(fixture.statuses(), ['5 unknown', '6 unheard'], state);
    t.is(fixture.hub.picture.activeNodeCount(), 0, state);
  }
  fixture.link('up');
  t.deepEqual(fixture.statuses(), ['5 active', '6 unheard']);
});

test('a host clock that is set back or forward changes no age', async (t) => {
  for (const shift of [-86_400_000, 86_400_000]) {
    const fixture = await NetworkFixture.up(NO_REFRESH);
    fixture.say('00 05 52 00');
    fixture.clock.advance(50 * SECOND);
    fixture.clock.setHostClock(fixture.clock.now() + shift);
    t.is(fixture.hub.picture.findNode(5)?.status, 'active');
    fixture.clock.advance(10 * SECOND);
    t.is(fixture.hub.picture.findNode(5)?.status, 'idle');
    fixture.say('00 05 52 00');
    t.is(fixture.hub.picture.findNode(5)?.lastHeardAt, fixture.clock.now());
  }
});

test('RST-R disconnects every node until it is heard again', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 52 00', '00 06 52 00', netInfo(5, 6, 7));
  t.deepEqual(await fixture.hub.commands.execute({ kind: 'resetRoot' }, 'test'), { ok: true, fresh: true });
  t.deepEqual(fixture.sent, ['RST-R']);
  t.deepEqual(fixture.statuses(), ['5 disconnected', '6 disconnected', '7 disconnected']);
  fixture.say(netInfo(5, 6, 7));
  t.deepEqual(fixture.statuses(), ['5 disconnected', '6 disconnected', '7 disconnected']);
  fixture.say('00 06 52 00');
  t.deepEqual(fixture.statuses(), ['5 disconnected', '6 active', '7 disconnected']);
});

test('an RST-R that could not be written disconnects no node', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 52 00');
  fixture.failure = 'linkLost';
  t.deepEqual(await fixture.hub.commands.execute({ kind: 'resetRoot' }, 'test'), {
    ok: false,
    reason: 'linkLost',
  });
  t.deepEqual(fixture.statuses(), ['5 active']);
});

test('CLEAN forgets every node and path', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 44 01 00 07', netInfo(5, 6), '00 00 04 01 00 05 00 01');
  fixture.forget();
  t.deepEqual(await fixture.hub.commands.execute({ kind: 'clean' }, 'test'), { ok: true, fresh: true });
  t.deepEqual(fixture.sent, ['CLEAN']);
  t.deepEqual(fixture.hub.picture.nodes(), []);
  t.deepEqual(fixture.hub.picture.paths(), []);
  t.is(fixture.hub.picture.findNode(5), undefined);
  const changes = fixture.events.filter(({ kind }) => kind === 'node' || kind === 'paths');
  t.deepEqual(
    changes.map((event) => (event.kind === 'node' ? `${event.node} ${event.change}` : event.kind)),
    ['5 forgotten', '6 forgotten', 'paths'],
  );
});

test('a CLEAN that could not be written forgets no node', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say('00 05 52 00');
  fixture.failure = 'queueFull';
  t.deepEqual(await fixture.hub.commands.execute({ kind: 'clean' }, 'test'), {
    ok: false,
    reason: 'queueFull',
  });
  t.deepEqual(fixture.statuses(), ['5 active']);
});
