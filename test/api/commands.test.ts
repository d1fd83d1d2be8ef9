import test from 'ava';
import type { AlarmInfo, DeliveryInfo } from '../../src/api/shapes.js';
import { settled } from '../support/manual-clock.js';
import { SessionFixture } from '../support/session-fixture.js';

interface Pinged {
  readonly answered: boolean;
  readonly roundTripMs: number | null;
  readonly delivery: string;
}

/** The payload of the last message sent to the root: `SEND-`, address, message. */
function lastMessage(fixture: SessionFixture): Buffer {
  return fixture.mesh.bodies.at(-1)?.subarray(7) ?? Buffer.alloc(0);
}

function hexOf(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
}

test('send replies when the message is written, with its current stage', async (t) => {
  const fixture = await SessionFixture.open();
  const delivery = await fixture.result<DeliveryInfo>('send', { node: 5, text: 'hé' });
  t.like(delivery, { to: 5, message: '68c3a9', stage: 'written', failure: null, answer: null });
  t.deepEqual(
    fixture.mesh.bodies.map((body) => body.toString('hex')),
    [Buffer.from('SEND-\0\x05hé').toString('hex')],
  );
});

test('send with until queued does not wait', async (t) => {
  const fixture = await SessionFixture.open();
  const id = fixture.post('send', { node: 5, hex: '41', until: 'queued', tracked: true });
  await settled();
  t.like(fixture.replyTo(id)?.result, { stage: 'queued' });
  t.true(fixture.mesh.sent[0]?.startsWith('SENDI'));
});

test('send with until answered waits for the Ack, and returns the answer and the round trip', async (t) => {
  const fixture = await SessionFixture.open();
  const id = fixture.post('send', { node: 5, hex: '45AABB', until: 'answered', timeoutMs: 1000 });
  await fixture.pass(40);
  t.is(fixture.replyTo(id), undefined);
  fixture.mesh.say('00 05 41 AA BB');
  await settled();
  t.like(fixture.replyTo(id)?.result, { stage: 'answered', answer: 'aabb', roundTripMs: 40 });
});

test('a wait that times out returns the current state; a late answer is still matched and reported', async (t) => {
  const fixture = await SessionFixture.open();
  await fixture.subscribe({ kinds: ['delivery'] });
  const id = fixture.post('send', { node: 5, hex: '45AABB', until: 'answered', timeoutMs: 1000 });
  await fixture.pass(1000);
  const reply = fixture.replyTo(id)?.result as DeliveryInfo;
  t.like(reply, { stage: 'written', answer: null });
  await fixture.pass(60_000);
  fixture.mesh.say('00 05 41 AA BB');
  t.like(await fixture.result('delivery', { id: reply.id }), { stage: 'answered', roundTripMs: 61_000 });
  const stages = fixture.events().map((event) => event.kind === 'delivery' && event.delivery.stage);
  t.deepEqual(stages, ['queued', 'written', 'answered']);
});

test('a caller may specify which message is the answer, of the root too', async (t) => {
  const fixture = await SessionFixture.open();
  const options = { until: 'answered', timeoutMs: 1000 };
  const any = fixture.post('send', { node: 5, text: 'x', answer: { opcode: 'Data' }, ...options });
  const exact = fixture.post('send', {
    node: 6,
    text: 'x',
    answer: { opcode: '0x99', hex: '0102' },
    ...options,
  });
  const root = fixture.post('send', { node: 0, text: 'x', answer: { opcode: 'RootReset' }, ...options });
  await settled();
  fixture.mesh.say('00 05 44 01 00 07', '00 06 99 01', '00 06 99 01 02', '00 00 03');
  await settled();
  t.like(fixture.replyTo(any)?.result, { stage: 'answered', answer: '010007' });
  t.like(fixture.replyTo(exact)?.result, { stage: 'answered', answer: '0102' });
  t.like(fixture.replyTo(root)?.result, { stage: 'answered', answer: '' });
});

test('waiting for an impossible answer of the root is refused, and nothing is sent', async (t) => {
  const fixture = await SessionFixture.open();
  t.is(await fixture.refusal('send', { node: 0, text: 'x', until: 'answered' }), 'BAD_PARAMS');
  t.deepEqual(fixture.mesh.sent, []);
});

const FAILURES = [
  ['noLink', 'LINK_DOWN'],
  ['linkLost', 'LINK_DOWN'],
  ['queueFull', 'BUSY'],
] as const;

for (const [failure, code] of FAILURES) {
  test(`a UART failure ${failure} is refused with ${code}, and the delivery can still be queried`, async (t) => {
    const fixture = await SessionFixture.open();
    fixture.mesh.failure = failure;
    const { error } = await fixture.ask('send', { node: 5, text: 'x' });
    t.is(error?.data.code, code);
    const [, id] = /delivery (\S+):/.exec(error?.message ?? '') ?? [];
    t.like(await fixture.result('delivery', { id }), { stage: 'failed', failure });
    t.is(await fixture.refusal('broadcast', { text: 'x' }), code);
    t.is(await fixture.refusal('resetRoot'), code);
    t.is(await fixture.refusal('clean', { confirm: true }), code);
    t.is(await fixture.refusal('ping', { node: 5 }), code);
  });
}

for (const until of ['queued', 'written', 'answered']) {
  test(`a message that is too long is refused at once, with until ${until}`, async (t) => {
    const fixture = await SessionFixture.open();
    t.is(await fixture.refusal('send', { node: 5, hex: '00'.repeat(257), until }), 'MESSAGE_TOO_LONG');
    t.like(await fixture.result('send', { node: 5, hex: '00'.repeat(256) }), { stage: 'written' });
  });
}

const WRONG: readonly (readonly [string, object, string])[] = [
  ['send', { node: 5 }, 'BAD_PARAMS'],
  ['send', { node: 5, text: 'a', hex: '61' }, 'BAD_PARAMS'],
  ['send', { node: 5, text: '' }, 'BAD_PARAMS'],
  ['send', { node: 5, hex: '' }, 'BAD_PARAMS'],
  ['send', { node: 5, hex: '6' }, 'BAD_PARAMS'],
  ['send', { node: 5, hex: 'xy' }, 'BAD_PARAMS'],
  ['send', { node: 'nobody', text: 'a' }, 'NODE_NOT_FOUND'],
  ['send', { node: 0x8000, text: 'a' }, 'BAD_PARAMS'],
  ['send', { node: '0x8000', text: 'a' }, 'NODE_NOT_FOUND'],
  ['send', { node: 5, text: 'a', until: 'read' }, 'BAD_PARAMS'],
  ['send', { node: 5, text: 'a', timeoutMs: 600_001 }, 'BAD_PARAMS'],
  ['send', { node: 5, text: 'a', answer: { opcode: 'Weather' } }, 'OPCODE_NOT_FOUND'],
  ['send', { node: 5, text: 'a', answer: { opcode: 1, text: 'b' } }, 'BAD_PARAMS'],
  ['broadcast', { text: 'a', until: 'answered' }, 'BAD_PARAMS'],
  ['clean', {}, 'BAD_PARAMS'],
  ['clean', { confirm: false }, 'BAD_PARAMS'],
  ['log', { text: '' }, 'BAD_PARAMS'],
  ['log', { text: 'x'.repeat(1001) }, 'BAD_PARAMS'],
  ['setRobots', { robots: [{ id: 1 }] }, 'BAD_PARAMS'],
  ['acknowledge', { id: 'LINK_LOST' }, 'ALARM_NOT_FOUND'],
  ['delivery', { id: 'x' }, 'DELIVERY_NOT_FOUND'],
];

for (const [method, params, code] of WRONG) {
  test(`${method} ${JSON.stringify(params).slice(0, 60)} is refused with ${code}, and nothing is sent`, async (t) => {
    const fixture = await SessionFixture.open();
    t.is(await fixture.refusal(method, params), code);
    t.deepEqual(fixture.mesh.sent, []);
  });
}

test('ping sends an Echo with a unique payload, and is answered by the Ack that copies it', async (t) => {
  const fixture = await SessionFixture.open();
  const first = fixture.post('ping', { node: 5 });
  await settled();
  const message = lastMessage(fixture);
  t.is(message[0], 0x45);
  const second = fixture.post('ping', { node: 5 });
  await fixture.pass(7);
  fixture.mesh.say(`00 05 41 ${hexOf(lastMessage(fixture).subarray(1))}`);
  await settled();
  t.is(fixture.replyTo(first), undefined);
  t.like(fixture.replyTo(second)?.result, { node: 5, answered: true, roundTripMs: 7 });
  fixture.mesh.say(`00 05 41 ${hexOf(message.subarray(1))}`);
  await settled();
  t.like(fixture.replyTo(first)?.result, { answered: true });
});

test('a ping without an answer reports its timeout', async (t) => {
  const fixture = await SessionFixture.open();
  const id = fixture.post('ping', { node: 5, timeoutMs: 500 });
  await fixture.pass(500);
  t.like(fixture.replyTo(id)?.result as Pinged, { answered: false, roundTripMs: null });
});

const COMPLAINT = hexOf(Buffer.from('Node not exists in network\n'));

test('a message that the root rejects fails with the root’s text, for all callers', async (t) => {
  const fixture = await SessionFixture.open();
  const id = fixture.post('send', { node: 0x99, hex: '45AA', until: 'answered' });
  await settled();
  fixture.mesh.say(`00 99 ${COMPLAINT}`);
  await settled();
  const error = fixture.replyTo(id)?.error;
  t.is(error?.data.code, 'REJECTED_BY_ROOT');
  const [, delivery = ''] = /delivery (\S+), Node not exists in network:/.exec(error?.message ?? '') ?? [];
  const detail = 'the root could not send the message to the node: Node not exists in network';
  t.like(await fixture.result('delivery', { id: delivery }), {
    stage: 'failed',
    failure: 'rejectedByRoot',
    detail,
  });
  const { facts } = await fixture.result<{ facts: string[] }>('explain', { delivery });
  t.is(facts.at(-1), `reason: ${detail} (rejectedByRoot)`);
  t.regex(fixture.mesh.lines.join(), new RegExp(`about 0x0099: .*delivery ${delivery} failed`));
});

test('a ping that the root rejects is not answered, and reports why at once', async (t) => {
  const fixture = await SessionFixture.open();
  const id = fixture.post('ping', { node: 0x99 });
  await settled();
  fixture.mesh.say(`00 99 ${COMPLAINT}`);
  await settled();
  t.like(fixture.replyTo(id)?.result as Pinged, {
    answered: false,
    roundTripMs: null,
    detail: 'the root could not send the message to the node: Node not exists in network',
  });
});

test('a session that ends leaves no waiters', async (t) => {
  const fixture = await SessionFixture.open();
  fixture.post('ping', { node: 5, timeoutMs: 500 });
  await settled();
  fixture.session.close();
  await fixture.session.whenIdle();
  t.deepEqual(fixture.received, []);
});

test('refresh reports whether the root answered within 2 s', async (t) => {
  const fixture = await SessionFixture.open();
  const silent = fixture.post('refresh');
  await fixture.pass(2000);
  t.deepEqual(fixture.replyTo(silent)?.result, { fresh: false });
  const answered = fixture.post('refresh', { what: 'paths' });
  fixture.mesh.say('00 00 04 00');
  await settled();
  t.deepEqual(fixture.replyTo(answered)?.result, { fresh: true });
  t.deepEqual(fixture.mesh.sent, ['NINFO', 'GETDF']);
});

test('an alarm that is acknowledged is no longer open', async (t) => {
  const fixture = await SessionFixture.open();
  fixture.mesh.say('00 00 03');
  const { alarms } = await fixture.result<{ alarms: AlarmInfo[] }>('alarms');
  t.like(alarms[0], { id: 'ROOT_RESTARTED', node: null, priority: 'medium', count: 1, active: false });
  t.like(await fixture.result('status'), { openAlarms: 1 });
  await fixture.result('acknowledge', { id: 'ROOT_RESTARTED' });
  t.deepEqual(await fixture.result('alarms'), { alarms: [] });
});

test('explain lists the facts that explain the status of a node, in order', async (t) => {
  const fixture = await SessionFixture.open();
  const facts = async (node: number) =>
    (await fixture.result<{ facts: string[] }>('explain', { node })).facts;
  fixture.mesh.say('00 05 52 00', '00 00 01 01 00 06 32 10 00*14');
  await fixture.pass(61_000);
  t.deepEqual(await facts(5), [
    'Node-5 is idle',
    'last heard 61 s ago',
    "missing from the root's last list of nodes",
    'idle after 60 s without contact',
    'disconnected after 180 s, or when missing from 2 lists',
    'never listed by the root: raises no alarms',
    'the link to /dev/ttyUSB0 has been up for 61 s',
  ]);
  t.like(await facts(6), { 0: 'Node-6 is unheard', 1: 'listed by the root, but never heard' });
  await fixture.result('resetRoot');
  t.true((await facts(5)).includes('not heard since the root was ordered to restart'));
  fixture.mesh.link('backingOff');
  t.like(await facts(5), { 0: 'Node-5 is unknown' });
  t.regex((await facts(5)).at(-1) ?? '', /the link to \/dev\/ttyUSB0 is not up \(backingOff for 0 s\)/);
});

test('explain lists the facts of a delivery, in order', async (t) => {
  const fixture = await SessionFixture.open();
  const facts = async (delivery: string) =>
    (await fixture.result<{ facts: string[] }>('explain', { delivery })).facts;
  const { id } = await fixture.result<DeliveryInfo>('send', { node: 5, hex: '45AA' });
  await fixture.pass(2000);
  t.deepEqual(await facts(id), [
    '2.0 s ago: added to the send queue',
    '2.0 s ago: written to the serial port',
    'no answer yet; a late one is still matched',
  ]);
  fixture.mesh.say('00 05 41 AA');
  t.deepEqual((await facts(id)).slice(2), [
    '0.0 s ago: the node sent a matching answer',
    '2000 ms from writing to the answer',
  ]);
});

test('explain requires either a known node or a known delivery', async (t) => {
  const fixture = await SessionFixture.open();
  t.is(await fixture.refusal('explain'), 'BAD_PARAMS');
  t.is(await fixture.refusal('explain', { node: 5, delivery: 'x' }), 'BAD_PARAMS');
  t.is(await fixture.refusal('explain', { node: 5 }), 'NODE_NOT_FOUND');
  t.is(await fixture.refusal('explain', { delivery: 'x' }), 'DELIVERY_NOT_FOUND');
});

test('forget removes a node by address or name, once, and reports that it is permanent', async (t) => {
  const fixture = await SessionFixture.open();
  fixture.mesh.say('00 05 44 01 00 07');
  t.deepEqual(await fixture.result('forget', { node: 'Node-5' }), { node: 5, stored: true });
  t.is(await fixture.refusal('node', { node: 5 }), 'NODE_NOT_FOUND');
  t.is(await fixture.refusal('forget', { node: 5 }), 'NODE_NOT_FOUND');
});

test('when the history cannot be written, forget reports that a restart may bring the node back', async (t) => {
  const fixture = await SessionFixture.open();
  fixture.mesh.say('00 05 44 01 00 07');
  fixture.mesh.hub.goWithoutArchive('disk full');
  t.deepEqual(await fixture.result('forget', { node: 5 }), { node: 5, stored: false });
});
