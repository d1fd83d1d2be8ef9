import test from 'ava';
import { methods } from '../../../src/api/methods/index.js';
import { COMMAND_REFUSALS } from '../../../src/connectors/mqtt/command-request.js';
import { MqttFixture } from '../../support/mqtt-fixture.js';

interface Answer {
  readonly command: string;
  readonly correlation?: string;
  readonly at: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: string; readonly message: string };
  readonly delivery?: { readonly stage: string; readonly id: string };
}

/** What came at an answer topic. */
const answers = ({ broker }: MqttFixture, topic: string) => broker.at(topic) as unknown as Answer[];

/** Sends a command and returns its last answer. */
async function ask(
  fixture: MqttFixture,
  name: string,
  payload: string | object = '',
  more = {},
): Promise<Answer> {
  await fixture.command(name, payload, more);
  const answer = answers(fixture, `farm/north/answer/${name}`).at(-1);
  if (!answer) throw new Error(`${name} was not answered`);
  return answer;
}

test('a command is a method of the session, with its parameters and its result', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say('00 05 44 01 00 07');
  const { result, command, at } = await ask(fixture, 'latest', { type: 'Sequence' });
  t.is(command, 'latest');
  t.is(at, fixture.mesh.clock.now());
  t.like(result, { values: [{ node: 5, fields: { sequence: { value: 7 } } }] });
  t.like(await ask(fixture, 'hello'), { result: { role: 'admin' } });
  t.like(await ask(fixture, 'node', { node: 5 }), { result: { address: 5 } });
});

test('errors are those of the session', async (t) => {
  const fixture = await MqttFixture.start();
  t.like(await ask(fixture, 'node', { node: 9 }), { error: { code: 'NODE_NOT_FOUND' } });
  t.like(await ask(fixture, 'node', { nodes: 9 }), { error: { code: 'BAD_PARAMS' } });
  fixture.mesh.failure = 'noLink';
  t.like(await ask(fixture, 'send', { node: 5, text: 'T' }), { error: { code: 'LINK_DOWN' } });
});

const STAGES = ['queued', 'written', 'answered'];

test('the sender of a command gets the stages of its delivery one by one, then the result', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.command('send', { node: 5, hex: '4501', until: 'answered' });
  await fixture.say('00 05 41 01');
  const received = answers(fixture, 'farm/north/answer/send');
  t.deepEqual(
    received.map(({ delivery, result }) => delivery?.stage ?? result?.stage),
    [...STAGES, 'answered'],
  );
});

test('stages after the result are published too', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.command('send', {
    node: 5,
    hex: '4501',
    until: 'queued',
    response: { topic: 'me', correlation: 'a' },
  });
  await fixture.say('00 05 41 01');
  await fixture.say('00 05 41 01');
  const received = answers(fixture, 'me');
  t.deepEqual(
    received.map(({ delivery, result }) => (delivery ? delivery.stage : `result ${result?.stage}`)).sort(),
    ['answered', 'queued', 'result queued', 'written'],
  );
  t.true(received.every(({ correlation }) => correlation === 'a'));
});

test('each of several pending commands gets its own stages, with its own correlation data', async (t) => {
  const fixture = await MqttFixture.start();
  for (const node of [5, 6]) {
    const more = { responseTopic: `me/${node}`, correlation: Buffer.of(0, 255, node) };
    await fixture.command('send', { node, hex: '4501', until: 'queued' }, more);
  }
  await fixture.say('00 06 41 01', '00 05 41 01');
  for (const node of [5, 6]) {
    const stages = answers(fixture, `me/${node}`).flatMap(({ delivery }) => delivery?.stage ?? []);
    t.deepEqual(stages, STAGES);
    const sent = fixture.broker.taken.filter(({ topic }) => topic === `me/${node}`);
    t.true(sent.every(({ correlation }) => correlation?.equals(Buffer.of(0, 255, node))));
  }
});

test('a list longer than one page is sent complete', async (t) => {
  const fixture = await MqttFixture.start();
  for (let node = 1; node <= 40; node++)
    await fixture.say(`00 ${node.toString(16).toUpperCase().padStart(2, '0')} 44 01 00 07`);
  const { result } = await ask(fixture, 'nodes');
  t.is((result?.nodes as unknown[] | undefined)?.length, 40);
});

test('stages of deliveries from other sources are published to nobody', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.command('send', { node: 5, hex: '4501' });
  const before = answers(fixture, 'farm/north/answer/send').length;
  fixture.mesh.hub.commands.deliver(
    { kind: 'send', to: 6, message: Buffer.from('T'), tracked: false },
    { owner: 'test' },
  );
  await fixture.settle();
  t.is(answers(fixture, 'farm/north/answer/send').length, before);
});

test('with MQTT 5 the answer goes to the response topic, with the correlation data', async (t) => {
  const fixture = await MqttFixture.start();
  const correlation = Buffer.from([0, 255]);
  await fixture.command('hello', '', { responseTopic: 'reply/here', correlation });
  const answer = fixture.broker.taken.find(({ topic }) => topic === 'reply/here');
  t.deepEqual(answer?.correlation, correlation);
  t.false(answer?.retain);
});

test('without MQTT 5 the payload names them under response', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.command('hello', { response: { topic: 'reply/here', correlation: '7' } });
  t.like(answers(fixture, 'reply/here')[0], {
    command: 'hello',
    correlation: '7',
    result: { role: 'admin' },
  });
  await fixture.command('hello', { response: { correlation: '8' } });
  t.like(answers(fixture, 'farm/north/answer/hello')[0], { correlation: '8' });
});

test('no method has a parameter called response', (t) => {
  t.deepEqual(
    methods.filter(({ params }) => 'response' in params.shape).map(({ name }) => name),
    [],
  );
});

for (const topic of [
  'farm/north/cmd/ping',
  'farm/south/status',
  'farm',
  'a/+',
  '#',
  '',
  '$SYS/x',
  'ha/device/x/config',
]) {
  test(`an answer does not go to ${topic === '' ? 'an empty topic' : topic}`, async (t) => {
    const fixture = await MqttFixture.start({ settings: { discoveryPrefix: 'ha' } });
    const before = fixture.broker.at('farm/south/status').length;
    await fixture.command('hello', { response: { topic } });
    await fixture.command('hello', '', { responseTopic: topic });
    const received = answers(fixture, 'farm/north/answer/hello');
    t.deepEqual(
      received.map(({ error }) => error?.code),
      ['BAD_RESPONSE', 'BAD_RESPONSE'],
    );
    t.is(fixture.broker.at('farm/south/status').length, before);
  });
}

for (const response of [
  3,
  null,
  'me',
  { topic: 5 },
  { correlation: 5 },
  { topic: 'x'.repeat(513) },
  { correlation: 'x'.repeat(257) },
]) {
  test(`${JSON.stringify(response).slice(0, 30)} is not a valid response`, async (t) => {
    const fixture = await MqttFixture.start();
    t.like(await ask(fixture, 'hello', { response }), { error: { code: 'BAD_RESPONSE' } });
  });
}

test('correlation data of more than 256 bytes is refused, and not sent back', async (t) => {
  const fixture = await MqttFixture.start();
  t.like(await ask(fixture, 'hello', '', { correlation: Buffer.alloc(257) }), {
    error: { code: 'BAD_RESPONSE' },
  });
  t.is(fixture.broker.taken.at(-1)?.correlation, undefined);
});

test('answers may go below the gateway’s own answer topic', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.command('hello', '', { responseTopic: 'farm/north/answer/me/1' });
  t.is(answers(fixture, 'farm/north/answer/me/1').length, 1);
});

for (const payload of ['{', '3', '[]', 'null', '"x"']) {
  test(`${payload} is not a valid command payload`, async (t) => {
    const fixture = await MqttFixture.start();
    t.like(await ask(fixture, 'hello', payload), { error: { code: 'BAD_PAYLOAD' } });
  });
}

test('a payload of more than 64 KiB is refused unread', async (t) => {
  const fixture = await MqttFixture.start();
  const answer = await ask(fixture, 'log', { text: 'x'.repeat(65_536) });
  t.like(answer, { error: { code: 'TOO_LARGE', message: COMMAND_REFUSALS.TOO_LARGE } });
});

test('a retained command is not carried out', async (t) => {
  const fixture = await MqttFixture.start();
  const answer = await ask(fixture, 'send', { node: 5, text: 'T' }, { retain: true });
  t.like(answer, { error: { code: 'RETAINED' } });
  t.deepEqual(fixture.mesh.sent, []);
  t.is(fixture.connector.counters().commands.refused.RETAINED, 1);
  t.true(
    fixture.logged.some((line) => line.includes('refused the command send: commands must not be retained')),
  );
});

test('everything is allowed but resetRoot and clean; subscriptions do not exist over MQTT', async (t) => {
  const fixture = await MqttFixture.start();
  for (const { name } of methods) {
    await fixture.command(name, '');
    await fixture.pass(3000);
    const error = answers(fixture, `farm/north/answer/${name}`).at(-1)?.error;
    const isRefused = ['resetRoot', 'clean', 'subscribe', 'unsubscribe'].includes(name);
    t.is(error?.code === 'NOT_ALLOWED', isRefused, name);
  }
  t.like(await ask(fixture, 'nonsense'), { error: { code: 'NOT_ALLOWED' } });
  t.deepEqual(
    fixture.mesh.sent.filter((body) => /RST-R|CLEAN/.test(body)),
    [],
  );
});

test('the setting lists the allowed commands', async (t) => {
  const fixture = await MqttFixture.start({ settings: { commands: ['clean'] } });
  t.like(await ask(fixture, 'ping', { node: 5 }), { error: { code: 'NOT_ALLOWED' } });
  t.like(await ask(fixture, 'clean', { confirm: true }), { result: {} });
  t.deepEqual(fixture.mesh.sent, ['CLEAN']);
});

test('an unknown command in the setting is an invalid setting', async (t) => {
  const error = await t.throwsAsync(MqttFixture.make({ settings: { commands: ['ping', 'subscribe'] } }));
  t.like(error, { code: 'BAD_CONFIG' });
  t.regex(
    error?.message ?? '',
    /mqtt\.commands: unknown command "subscribe"; available: rpc\.discover, hello/,
  );
});

const SEND = { node: 5, text: 'T', response: { correlation: '1' } };

test('a command that arrives twice with the same correlation data is carried out once', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.command('send', SEND);
  await fixture.command('send', SEND);
  await fixture.command('send', { ...SEND, text: 'U' });
  await fixture.command('send', { ...SEND, response: { correlation: '2' } });
  t.is(fixture.mesh.sent.length, 3);
  t.is(fixture.connector.counters().commands.duplicate, 1);
});

test('without correlation data, a redelivered command is not carried out again', async (t) => {
  const fixture = await MqttFixture.start();
  const payload = { node: 5, text: 'T' };
  await fixture.command('send', payload);
  await fixture.command('send', payload);
  t.is(fixture.mesh.sent.length, 2);
  await fixture.command('send', payload, { dup: true });
  t.is(fixture.mesh.sent.length, 2);
  await fixture.command('send', { node: 6, text: 'T' }, { dup: true });
  t.is(fixture.mesh.sent.length, 3);
});

test('correlation data of MQTT 5 count too, and are forgotten after 5 minutes', async (t) => {
  const fixture = await MqttFixture.start();
  const more = { correlation: Buffer.from('x') };
  await fixture.command('send', { node: 5, text: 'T' }, more);
  await fixture.command('send', { node: 5, text: 'T' }, more);
  t.is(fixture.mesh.sent.length, 1);
  fixture.mesh.clock.advance(300_000);
  await fixture.command('send', { node: 5, text: 'T' }, more);
  t.is(fixture.mesh.sent.length, 2);
});

test('200 commands at once, and 50 a second', async (t) => {
  const fixture = await MqttFixture.start();
  const flood = async (amount: number) => {
    for (let sent = 0; sent < amount; sent++) fixture.broker.deliver('farm/north/cmd/hello', '');
    await fixture.settle();
    return answers(fixture, 'farm/north/answer/hello').filter(({ result }) => result).length;
  };
  t.is(await flood(300), 200);
  fixture.mesh.clock.advance(1000);
  t.is(await flood(100), 250);
  t.is(fixture.connector.counters().commands.refused.TOO_FAST, 150);
  t.like(answers(fixture, 'farm/north/answer/hello').at(-1), { error: { code: 'TOO_FAST' } });
});

test('answers beyond 1,000 that the broker does not accept are dropped, and counted', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.hold();
  for (let round = 0; round < 8; round++) {
    fixture.mesh.clock.advance(4000);
    for (let sent = 0; sent < 200; sent++) fixture.broker.deliver('farm/north/cmd/hello', '');
    await fixture.settle();
  }
  const onTheWay = 256 + 16;
  t.is(fixture.connector.counters().answersDropped, 1600 - 1000 - onTheWay);
});

test('snapshot returns the complete state, and its event number', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say('00 05 44 01 00 07');
  const { result } = await ask(fixture, 'snapshot');
  t.is(result?.seq, fixture.mesh.hub.feed.lastSeq());
  t.like(result, { link: { state: 'up' }, nodes: [{ address: 5 }], paths: [], robots: [], alarms: [] });
  t.like(await ask(fixture, 'snapshot', { node: 5 }), { error: { code: 'BAD_PARAMS' } });
});

/** Of the events of an answer. */
function numbersIn(result: Answer['result']): number[] {
  return ((result?.events ?? []) as { seq: number }[]).map(({ seq }) => seq);
}

test('events returns the events after a number, and the range that is lost', async (t) => {
  const fixture = await MqttFixture.start({ mesh: { eventsHeld: 10 } });
  const since = fixture.mesh.hub.feed.lastSeq();
  await fixture.say('00 05 45 00', '00 05 45 01');
  const { result } = await ask(fixture, 'events', { since, limit: 3 });
  t.like(result, { seq: fixture.mesh.hub.feed.lastSeq(), gone: null });
  t.deepEqual(numbersIn(result), [since + 1, since + 2, since + 3]);
  for (let value = 0; value < 20; value++) await fixture.say('00 05 45 00');
  t.like(await ask(fixture, 'events', { since }), { result: { gone: { from: since + 1 } } });
  for (const params of [
    {},
    { since: -1 },
    { since: 1.5 },
    { since: 1, limit: 0 },
    { since: 1, limit: 1001 },
    { since: 1, x: 1 },
  ]) {
    t.like(await ask(fixture, 'events', params), { error: { code: 'BAD_PARAMS' } }, JSON.stringify(params));
  }
});

test('with snapshot, event topics and events a client rebuilds the state that a session has', async (t) => {
  const fixture = await MqttFixture.start({ mesh: { eventsHeld: 100 } });
  await fixture.say('00 05 44 01 00 07');
  const { result } = await ask(fixture, 'snapshot');
  const from = Number(result?.seq);
  await fixture.say('00 05 44 01 00 08', '00 06 45 00');
  const live = fixture.eventNumbers().filter((seq) => seq > from);
  const { result: caughtUp } = await ask(fixture, 'events', { since: from });
  t.deepEqual(numbersIn(caughtUp), live);
  t.is(live.length, fixture.mesh.hub.feed.lastSeq() - from);
});
