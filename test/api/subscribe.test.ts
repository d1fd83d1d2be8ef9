import test from 'ava';
import type { MeshEvent } from '../../src/api/shapes.js';
import { NodeNames } from '../../src/protocol/node-names.js';
import { settled } from '../support/manual-clock.js';
import { netInfo } from '../support/network-fixture.js';
import { SessionFixture, type Subscribed } from '../support/session-fixture.js';

const SEQUENCE = (node: string, value: string) => `${node} 44 01 00 ${value}`;

function kinds(events: readonly MeshEvent[]): string[] {
  return events.map(({ kind }) => kind);
}

function sequences(events: readonly MeshEvent[]): string[] {
  return events.flatMap((event) =>
    event.kind === 'value' ? [`${event.value.node} ${event.value.bytes}`] : [],
  );
}

/** The numbers rise, by one where nothing is filtered out. */
function areConsecutive(events: readonly MeshEvent[]): boolean {
  return events.every(({ seq }, index) => index === 0 || seq === (events[index - 1]?.seq ?? 0) + 1);
}

test('a subscription without filters gets every event, numbered without a gap', async (t) => {
  const fixture = await SessionFixture.open();
  const { seq, gone, snapshot } = await fixture.subscribe();
  t.deepEqual([gone, snapshot], [null, null]);
  fixture.mesh.say(SEQUENCE('00 05', '07'), '00 00 03', '00 00 45 72 72 0A');
  await fixture.result('log', { text: 'hello' });
  const events = fixture.events();
  t.deepEqual(kinds(events).slice(0, 4), ['node', 'node', 'value', 'message']);
  t.is(events[0]?.seq, seq + 1);
  t.true(areConsecutive(events));
  t.is(events.at(-1)?.seq, fixture.mesh.hub.feed.lastSeq());
});

test('the reply comes before the first event', async (t) => {
  const fixture = await SessionFixture.open();
  fixture.mesh.say('00 05 52 00');
  await fixture.subscribe({ since: 0 });
  t.is(fixture.received[0]?.id, 1);
  t.is(fixture.received[1]?.method, 'event');
});

const FILTERS: readonly (readonly [string, object, readonly string[]])[] = [
  ['kinds', { kinds: ['value', 'alarm'] }, ['value 5', 'value 6', 'alarm 6']],
  ['nodes', { kinds: ['value', 'message', 'alarm'], nodes: [5] }, ['value 5', 'message 5', 'message 5']],
  ['nodes by name', { kinds: ['value'], nodes: ['Node-6'] }, ['value 6']],
  ['nodes in hex', { kinds: ['value'], nodes: ['0x0006'] }, ['value 6']],
  ['opcodes', { kinds: ['message'], opcodes: ['Data'] }, ['message 5', 'message 6']],
  ['opcodes by number', { kinds: ['message'], opcodes: [0x52, '0x99'] }, ['message 5', 'message 6']],
  ['data types', { kinds: ['value'], types: ['Battery'] }, ['value 6']],
  ['data types by id', { kinds: ['value'], types: [0, '16'] }, ['value 5', 'value 6']],
  ['no kinds', { kinds: [] }, []],
];

for (const [what, params, expected] of FILTERS) {
  test(`a filter of ${what} lets through what it names`, async (t) => {
    const fixture = await SessionFixture.open();
    await fixture.subscribe(params);
    fixture.mesh.say(
      SEQUENCE('00 05', '07'),
      '00 06 44 01 10 10 27',
      '00 05 52 00',
      '00 06 99',
      '00 06 44 09',
    );
    t.deepEqual(fixture.events().map(summary), expected);
  });
}

function summary(event: MeshEvent): string {
  switch (event.kind) {
    case 'value':
      return `value ${event.value.node}`;
    case 'message':
      return `message ${event.message.from}`;
    case 'alarm':
      return `alarm ${event.alarm.node}`;
    default:
      return event.kind;
  }
}

test('a node filter does not apply to events about no node', async (t) => {
  const fixture = await SessionFixture.open();
  await fixture.subscribe({ nodes: [5], kinds: ['console', 'link', 'traffic'] });
  fixture.mesh.network.onConsoleLine('booting');
  fixture.mesh.link('backingOff');
  t.deepEqual(kinds(fixture.events()), ['console', 'link']);
});

test('a filter may name a node that has not been heard yet', async (t) => {
  const fixture = await SessionFixture.open({ settings: { names: new NodeNames(new Map([[9, 'Pump']])) } });
  await fixture.subscribe({ kinds: ['value'], nodes: ['pump', 'Node-7'] });
  fixture.mesh.say(SEQUENCE('00 09', '01'), SEQUENCE('00 07', '02'), SEQUENCE('00 08', '03'));
  t.deepEqual(sequences(fixture.events()), ['9 01', '7 02']);
});

const WRONG_FILTERS: readonly (readonly [object, string])[] = [
  [{ kinds: ['weather'] }, 'BAD_PARAMS'],
  [{ nodes: ['nobody'] }, 'NODE_NOT_FOUND'],
  [{ nodes: ['Node-40000'] }, 'NODE_NOT_FOUND'],
  [{ nodes: [40_000] }, 'BAD_PARAMS'],
  [{ opcodes: ['Weather'] }, 'OPCODE_NOT_FOUND'],
  [{ types: ['Weather'] }, 'TYPE_NOT_FOUND'],
  [{ types: [99] }, 'TYPE_NOT_FOUND'],
  [{ since: -1 }, 'BAD_PARAMS'],
  [{ since: 1.5 }, 'BAD_PARAMS'],
  [{ minIntervalMs: -1 }, 'BAD_PARAMS'],
  [{ kind: ['value'] }, 'BAD_PARAMS'],
];

for (const [params, code] of WRONG_FILTERS) {
  test(`subscribe with ${JSON.stringify(params)} is refused with ${code}, and uses no slot`, async (t) => {
    const fixture = await SessionFixture.open();
    t.is(await fixture.refusal('subscribe', params), code);
    const { subscription } = await fixture.subscribe();
    t.is(subscription, '1');
  });
}

test('a snapshot includes everything up to its number, and the events continue right after it', async (t) => {
  const fixture = await SessionFixture.open();
  const { mesh } = fixture;
  mesh.say(SEQUENCE('00 05', '07'), netInfo(5, 6), '00 00 04 01 00 05 00 01', '00 05 44 09');
  const { snapshot, seq } = await fixture.subscribe({ snapshot: true });
  mesh.say(SEQUENCE('00 05', '08'));
  t.is(snapshot?.seq, seq);
  t.deepEqual(
    snapshot?.nodes.map(({ address, status, values }) => [address, status, values.map(({ bytes }) => bytes)]),
    [
      [5, 'active', ['07']],
      [6, 'unheard', []],
    ],
  );
  t.deepEqual(snapshot?.paths, [{ origin: 5, target: 1 }]);
  t.deepEqual(
    snapshot?.alarms.map(({ id }) => id),
    ['MALFORMED_DATA:5'],
  );
  t.is(snapshot?.link.state, 'up');
  t.is(fixture.events()[0]?.seq, seq + 1);
  t.deepEqual(sequences(fixture.events()), ['5 08']);
});

test('resuming replays the events since then and continues, without gaps or duplicates', async (t) => {
  const fixture = await SessionFixture.open();
  const since = fixture.mesh.hub.feed.lastSeq();
  fixture.mesh.say(SEQUENCE('00 05', '01'), SEQUENCE('00 05', '02'));
  const { gone } = await fixture.subscribe({ since });
  fixture.mesh.say(SEQUENCE('00 05', '03'));
  t.is(gone, null);
  t.is(fixture.events()[0]?.seq, since + 1);
  t.true(areConsecutive(fixture.events()));
  t.deepEqual(sequences(fixture.events()), ['5 01', '5 02', '5 03']);
});

test('resuming before the start of the ring reports the exact range lost', async (t) => {
  const fixture = await SessionFixture.open({ settings: { eventsHeld: 10 } });
  const since = fixture.mesh.hub.feed.lastSeq();
  for (let line = 0; line < 25; line++) fixture.mesh.network.onConsoleLine(String(line));
  const { gone } = await fixture.subscribe({ since });
  t.deepEqual(gone, { from: since + 1, to: since + 15 });
  t.deepEqual(
    fixture.events().map(({ seq }) => seq),
    Array.from({ length: 10 }, (_, index) => since + 16 + index),
  );
  t.deepEqual(fixture.gaps(), []);
});

test('resuming after a number in the future reports that the numbering has restarted, and replays the whole ring', async (t) => {
  const fixture = await SessionFixture.open();
  const { lastSeq } = { lastSeq: fixture.mesh.hub.feed.lastSeq() };
  const { gone } = await fixture.subscribe({ since: lastSeq + 1000 });
  t.deepEqual(gone, { from: lastSeq + 1001, to: null });
  fixture.mesh.network.onConsoleLine('next');
  t.true(areConsecutive(fixture.events()));
  t.is(fixture.events().at(-1)?.seq, lastSeq + 1);
  t.true(fixture.events().length > 1);
});

test('a replay that exceeds the limit is sent piece by piece, completely', async (t) => {
  const fixture = await SessionFixture.open({ outboxLimit: 2000, settings: { eventsHeld: 1000 } });
  const { mesh, transport } = fixture;
  const since = mesh.hub.feed.lastSeq();
  for (let line = 0; line < 500; line++) mesh.network.onConsoleLine(String(line));
  transport.stopReading();
  fixture.post('subscribe', { since });
  t.true(transport.waitingBytes < 3000);
  for (let round = 0; round < 100; round++) {
    transport.take();
    if (round < 50) mesh.network.onConsoleLine('meanwhile');
    mesh.clock.advance(100);
  }
  transport.readAgain();
  t.deepEqual(fixture.gaps(), []);
  t.is(fixture.events().length, 550);
  t.true(areConsecutive(fixture.events()));
});

test('a replay that the ring has overtaken reports the lost range once', async (t) => {
  const fixture = await SessionFixture.open({ outboxLimit: 2000, settings: { eventsHeld: 100 } });
  const { mesh, transport } = fixture;
  const since = mesh.hub.feed.lastSeq();
  for (let line = 0; line < 100; line++) mesh.network.onConsoleLine(String(line));
  transport.stopReading();
  fixture.post('subscribe', { since });
  for (let line = 0; line < 100; line++) mesh.network.onConsoleLine(String(line));
  for (let round = 0; round < 50; round++) {
    transport.take();
    mesh.clock.advance(100);
  }
  transport.readAgain();
  const numbers = fixture.events().map(({ seq }) => seq);
  const [gap] = fixture.gaps();
  t.is(fixture.gaps().length, 1);
  t.is(gap?.to, since + 100);
  t.deepEqual(
    [...numbers, ...range(gap?.from ?? 0, gap?.to ?? 0)].sort((a, b) => a - b),
    range(since + 1, since + 200),
  );
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

test('events between a batch with a subscribe and its reply follow the reply, none lost', async (t) => {
  const fixture = await SessionFixture.open();
  const batch = [
    { jsonrpc: '2.0', id: 'a', method: 'subscribe', params: { kinds: ['console'] } },
    { jsonrpc: '2.0', id: 'b', method: 'ping', params: { node: 5, timeoutMs: 1000 } },
  ];
  fixture.session.receive(JSON.stringify(batch));
  await settled();
  fixture.mesh.network.onConsoleLine('one');
  t.is(fixture.received.length, 0);
  await fixture.mesh.pass(1000);
  fixture.mesh.network.onConsoleLine('two');
  t.true(Array.isArray(fixture.received[0]));
  t.deepEqual(
    fixture.events().map((event) => (event.kind === 'console' ? event.line : '')),
    ['one', 'two'],
  );
});

test('with a minimum interval the first value is sent at once, then the latest once per interval, for each node and type', async (t) => {
  const fixture = await SessionFixture.open();
  await fixture.subscribe({ kinds: ['value'], minIntervalMs: 1000 });
  const { mesh } = fixture;
  mesh.say(SEQUENCE('00 05', '01'), SEQUENCE('00 05', '02'), SEQUENCE('00 05', '03'));
  t.deepEqual(sequences(fixture.events()), ['5 01']);
  await mesh.pass(900);
  mesh.say(SEQUENCE('00 06', '11'), SEQUENCE('00 06', '12'));
  t.deepEqual(sequences(fixture.events()), ['5 01', '6 11']);
  await mesh.pass(100);
  t.deepEqual(sequences(fixture.events()), ['5 01', '6 11', '5 03']);
  await mesh.pass(899);
  t.deepEqual(sequences(fixture.events()), ['5 01', '6 11', '5 03']);
  await mesh.pass(1);
  t.deepEqual(sequences(fixture.events()), ['5 01', '6 11', '5 03', '6 12']);
  await mesh.pass(5000);
  mesh.say(SEQUENCE('00 05', '04'));
  t.is(sequences(fixture.events()).at(-1), '5 04');
});

test('a minimum interval delays values only', async (t) => {
  const fixture = await SessionFixture.open();
  await fixture.subscribe({ kinds: ['console'], minIntervalMs: 1000 });
  for (const line of ['a', 'b', 'c']) fixture.mesh.network.onConsoleLine(line);
  t.is(fixture.events().length, 3);
});

test('subscriptions of one session are independent, and end separately', async (t) => {
  const fixture = await SessionFixture.open();
  await fixture.subscribe({ kinds: ['value'] });
  await fixture.subscribe({ kinds: ['console'] });
  fixture.mesh.say(SEQUENCE('00 05', '01'));
  fixture.mesh.network.onConsoleLine('a');
  await fixture.result('unsubscribe', { subscription: '1' });
  fixture.mesh.say(SEQUENCE('00 05', '02'));
  fixture.mesh.network.onConsoleLine('b');
  t.deepEqual(sequences(fixture.events('1')), ['5 01']);
  t.deepEqual(kinds(fixture.events('2')), ['console', 'console']);
});

test('unsubscribing without a subscription is refused', async (t) => {
  const fixture = await SessionFixture.open();
  t.is(await fixture.refusal('unsubscribe', { subscription: '1' }), 'SUBSCRIPTION_NOT_FOUND');
  await fixture.subscribe();
  await fixture.result('unsubscribe', { subscription: '1' });
  t.is(await fixture.refusal('unsubscribe', { subscription: '1' }), 'SUBSCRIPTION_NOT_FOUND');
});

test('a session has at most 32 subscriptions; one that ends makes room', async (t) => {
  const fixture = await SessionFixture.open();
  for (let count = 0; count < 32; count++) await fixture.subscribe({ kinds: ['alarm'] });
  t.is(await fixture.refusal('subscribe'), 'TOO_MANY_SUBSCRIPTIONS');
  await fixture.result('unsubscribe', { subscription: '7' });
  t.is((await fixture.result<Subscribed>('subscribe')).subscription, '33');
});

test('a closed session emits nothing', async (t) => {
  const fixture = await SessionFixture.open();
  await fixture.subscribe({ minIntervalMs: 1000 });
  fixture.mesh.say(SEQUENCE('00 05', '01'), SEQUENCE('00 05', '02'));
  fixture.session.close();
  fixture.forget();
  fixture.mesh.say(SEQUENCE('00 05', '03'));
  await fixture.mesh.pass(5000);
  fixture.session.receive('{"jsonrpc":"2.0","id":1,"method":"hello"}');
  t.deepEqual(fixture.received, []);
});
