import test from 'ava';
import { Deliveries, type Delivery, type Expectation } from '../../src/hub/deliveries.js';
import { COMMAND_FAILURES, type CommandFailure } from '../../src/hub/hub.js';
import { decodeMessage } from '../../src/protocol/message.js';
import { bytesOf } from '../support/hex.js';
import { ManualClock } from '../support/manual-clock.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { shippedTables } from '../support/tables.js';

const BY = { owner: 'test' };

const ACK = 0x41;

function setUp() {
  const clock = new ManualClock(1000);
  const reported: Delivery[] = [];
  const deliveries = new Deliveries(clock, (delivery) => reported.push(delivery));
  const say = (body: string) => deliveries.onMessage(decodeMessage(bytesOf(body), shippedTables));
  return { clock, reported, deliveries, say };
}

/** An echo, and the Ack that answers it. */
const ECHO = bytesOf('45 AA BB');
const ECHO_ACK: Expectation = { opcode: ACK, payloads: [bytesOf('AA BB'), Buffer.alloc(0)] };
/** A message that is answered by an empty Ack, or by nothing. */
const HELLO = bytesOf('54 49');
const HELLO_ACK: Expectation = { opcode: ACK, payloads: [bytesOf('49'), Buffer.alloc(0)] };

function stagesOf(delivery: Delivery | undefined): string[] {
  return delivery?.stages.map(({ stage }) => stage) ?? [];
}

test('a delivery goes from queued to written to answered, each stage with its time and an event', (t) => {
  const { clock, reported, deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
  clock.advance(10);
  deliveries.onWritten(id);
  clock.advance(25);
  say('00 05 41 AA BB');
  t.deepEqual(deliveries.find(id)?.stages, [
    { stage: 'queued', at: 1000 },
    { stage: 'written', at: 1010 },
    { stage: 'answered', at: 1035 },
  ]);
  t.like(deliveries.find(id), { to: 5, roundTripMs: 25 });
  t.deepEqual(deliveries.find(id)?.answer, bytesOf('AA BB'));
  t.deepEqual(
    reported.map(({ stage }) => stage),
    ['queued', 'written', 'answered'],
  );
});

test('a copy that was returned does not change when a stage is added', (t) => {
  const { deliveries } = setUp();
  const begun = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
  deliveries.onWritten(begun.id);
  t.is(begun.stage, 'queued');
  t.deepEqual(stagesOf(begun), ['queued']);
});

for (const failure of Object.keys(COMMAND_FAILURES) as CommandFailure[]) {
  test(`a delivery can fail with ${failure}, and nothing follows`, (t) => {
    const { deliveries, say } = setUp();
    const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
    deliveries.onFailed(id, failure);
    deliveries.onWritten(id);
    deliveries.onUncertain(id);
    say('00 05 41 AA BB');
    t.like(deliveries.find(id), { stage: 'failed', failure });
    t.deepEqual(stagesOf(deliveries.find(id)), ['queued', 'failed']);
  });
}

const WORDS = 'Failed to send to Node';

/** A delivery to this address that was written. */
function written(deliveries: Deliveries, to: number | undefined, expects?: Expectation): string {
  const { id } = deliveries.begin({ to: to, message: ECHO, by: BY, expects: expects });
  deliveries.onWritten(id);
  return id;
}

test('the root’s complaint fails the newest message written to that address, with the root’s text', (t) => {
  const { reported, deliveries } = setUp();
  const [older, newest, other, toAll] = [5, 5, 6, undefined].map((to) => written(deliveries, to));
  t.is(deliveries.onComplaint(5, WORDS), newest);
  t.like(deliveries.find(newest ?? ''), { stage: 'failed', failure: 'rejectedByRoot', rootWords: WORDS });
  t.is(reported.at(-1)?.id, newest);
  for (const id of [older, other, toAll]) t.is(deliveries.find(id ?? '')?.stage, 'written');
});

test('another complaint applies to the message before', (t) => {
  const { deliveries } = setUp();
  const [older, newest] = [written(deliveries, 5, ECHO_ACK), written(deliveries, 5)];
  t.deepEqual(
    [1, 2, 3].map(() => deliveries.onComplaint(5, WORDS)),
    [newest, older, undefined],
  );
});

test('a message that was answered is not meant, nor are those before it', (t) => {
  const { deliveries, say } = setUp();
  const older = written(deliveries, 5);
  const answered = written(deliveries, 5, ECHO_ACK);
  say('00 05 41 AA BB');
  t.is(deliveries.onComplaint(5, WORDS), undefined);
  t.deepEqual(
    [older, answered].map((id) => deliveries.find(id)?.stage),
    ['written', 'answered'],
  );
});

test('an uncertain delivery fails on the root’s complaint: the root has read it', (t) => {
  const { deliveries } = setUp();
  const id = written(deliveries, 5);
  deliveries.onUncertain(id);
  t.is(deliveries.onComplaint(5, WORDS), id);
  t.deepEqual(stagesOf(deliveries.find(id)), ['queued', 'written', 'uncertain', 'failed']);
});

test('a complaint that arrives before the link reports the message as written counts then', (t) => {
  const { deliveries } = setUp();
  const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
  t.is(deliveries.onComplaint(5, WORDS), id);
  t.is(deliveries.find(id)?.stage, 'queued');
  deliveries.onWritten(id);
  t.deepEqual(stagesOf(deliveries.find(id)), ['queued', 'written', 'failed']);
});

test('a message older than 30 s is not meant', (t) => {
  const { clock, deliveries } = setUp();
  const id = written(deliveries, 5);
  clock.advance(30_000);
  t.is(deliveries.onComplaint(6, WORDS), undefined);
  clock.advance(1);
  t.is(deliveries.onComplaint(5, WORDS), undefined);
  t.is(deliveries.find(id)?.stage, 'written');
});

test('an uncertain delivery can still be answered', (t) => {
  const { deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
  deliveries.onWritten(id);
  deliveries.onUncertain(id);
  say('00 05 41 AA BB');
  t.deepEqual(stagesOf(deliveries.find(id)), ['queued', 'written', 'uncertain', 'answered']);
});

test('a delivery that became uncertain while being written stays uncertain when written', (t) => {
  const { clock, deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
  deliveries.onUncertain(id);
  deliveries.onWritten(id);
  t.is(deliveries.find(id)?.stage, 'uncertain');
  clock.advance(3);
  say('00 05 41 AA BB');
  t.like(deliveries.find(id), { stage: 'answered', roundTripMs: 3 });
});

test('an exact answer counts even before the link reports that all was written', (t) => {
  const { deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
  say('00 05 41 AA BB');
  t.is(deliveries.find(id)?.stage, 'queued');
  deliveries.onWritten(id);
  t.deepEqual(stagesOf(deliveries.find(id)), ['queued', 'written', 'answered']);
  t.is(deliveries.find(id)?.roundTripMs, 0);
});

test('an ambiguous answer does not count before the message was written', (t) => {
  const { deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: 5, message: HELLO, by: BY, expects: HELLO_ACK });
  say('00 05 41');
  deliveries.onWritten(id);
  t.is(deliveries.find(id)?.stage, 'written');
});

const NO_ANSWERS = {
  'another node': '00 06 41 AA BB',
  'another opcode': '00 05 45 AA BB',
  'another payload': '00 05 41 AA BC',
  'a longer payload': '00 05 41 AA BB CC',
  text: '00 05 68 69 0A',
  'a malformed message': '00 05 44 01',
};

for (const [what, body] of Object.entries(NO_ANSWERS)) {
  test(`${what} is not an answer`, (t) => {
    const { deliveries, say } = setUp();
    const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
    deliveries.onWritten(id);
    say(body);
    t.is(deliveries.find(id)?.stage, 'written');
  });
}

test('a message without an expected answer is never answered', (t) => {
  const { deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: undefined });
  deliveries.onWritten(id);
  say('00 05 41 AA BB');
  t.is(deliveries.find(id)?.stage, 'written');
});

const CUSTOM_ANSWERS = {
  'an opcode that opcodes.json lacks': ['00 05 99 01 02', 0x99, '01 02'],
  'values, which are otherwise for the gateway only': ['00 05 44 01 00 07', 0x44, '01 00 07'],
  'a request': ['00 05 52 00', 0x52, '00'],
} as const;

for (const [what, [body, opcode, payload]] of Object.entries(CUSTOM_ANSWERS)) {
  test(`a caller may accept as the answer ${what}`, (t) => {
    const { deliveries, say } = setUp();
    const any = deliveries.begin({ to: 5, message: HELLO, by: BY, expects: { opcode } }).id;
    const exact = deliveries.begin({
      to: 5,
      message: HELLO,
      by: BY,
      expects: { opcode, payloads: [bytesOf(payload)] },
    }).id;
    deliveries.onWritten(any);
    deliveries.onWritten(exact);
    say(body);
    t.like(deliveries.find(exact), { stage: 'answered', answer: bytesOf(payload) });
    say(body);
    t.is(deliveries.find(any)?.stage, 'answered');
  });
}

test('two messages to one node are distinguished by what their answers copy', (t) => {
  const { deliveries, say } = setUp();
  const first = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK }).id;
  const other = { opcode: ACK, payloads: [bytesOf('CC DD'), Buffer.alloc(0)] };
  const second = deliveries.begin({ to: 5, message: bytesOf('45 CC DD'), by: BY, expects: other }).id;
  deliveries.onWritten(first);
  deliveries.onWritten(second);
  say('00 05 41 CC DD');
  t.is(deliveries.find(first)?.stage, 'written');
  t.is(deliveries.find(second)?.stage, 'answered');
  say('00 05 41 AA BB');
  t.is(deliveries.find(first)?.stage, 'answered');
});

test('if an answer matches two messages, the one written first is answered first', (t) => {
  const { deliveries, say } = setUp();
  const ids = [1, 2].map(() => deliveries.begin({ to: 5, message: HELLO, by: BY, expects: HELLO_ACK }).id);
  for (const id of ids) deliveries.onWritten(id);
  const stages = () => ids.map((id) => deliveries.find(id)?.stage);
  say('00 05 41');
  t.deepEqual(stages(), ['answered', 'written']);
  say('00 05 41');
  t.deepEqual(stages(), ['answered', 'answered']);
});

test('a message that was never answered does not take the answers of those that follow', (t) => {
  const { clock, deliveries, say } = setUp();
  const forgotten = deliveries.begin({ to: 5, message: HELLO, by: BY, expects: HELLO_ACK }).id;
  deliveries.onWritten(forgotten);
  clock.advance(60_000);
  const later = deliveries.begin({ to: 5, message: HELLO, by: BY, expects: HELLO_ACK }).id;
  deliveries.onWritten(later);
  say('00 05 41');
  t.is(deliveries.find(forgotten)?.stage, 'written');
  t.is(deliveries.find(later)?.stage, 'answered');
});

test('a late answer is matched, however late', (t) => {
  const { clock, deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
  deliveries.onWritten(id);
  clock.advance(3_600_000);
  say('00 05 41 AA BB');
  t.like(deliveries.find(id), { stage: 'answered', roundTripMs: 3_600_000 });
});

test('an answer counts once', (t) => {
  const { reported, deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK });
  deliveries.onWritten(id);
  say('00 05 41 AA BB');
  say('00 05 41 AA BB');
  t.is(reported.length, 3);
});

test('the last 1,000 are kept; an older one is not found, and not answered', (t) => {
  const { reported, deliveries, say } = setUp();
  const ids = Array.from(
    { length: 1001 },
    () => deliveries.begin({ to: 5, message: ECHO, by: BY, expects: ECHO_ACK }).id,
  );
  for (const id of ids) deliveries.onWritten(id);
  t.is(deliveries.find(ids[0] ?? ''), undefined);
  t.is(deliveries.find(ids[1] ?? '')?.stage, 'written');
  reported.length = 0;
  say('00 05 41 AA BB');
  t.deepEqual(
    reported.map(({ id }) => id),
    [ids[1]],
  );
  t.is(new Set(ids).size, ids.length);
});

test('a broadcast has no receiver and no answer', (t) => {
  const { deliveries, say } = setUp();
  const { id } = deliveries.begin({ to: undefined, message: ECHO, by: BY, expects: ECHO_ACK });
  deliveries.onWritten(id);
  say('00 05 41 AA BB');
  t.like(deliveries.find(id), { to: undefined, stage: 'written' });
});

test('the waiter is registered before the frame is written: an immediate answer is matched', async (t) => {
  const fixture = await NetworkFixture.up({ refreshEveryMs: 0 });
  const sending = { kind: 'send', to: 5, message: ECHO, tracked: false } as const;
  const { id } = fixture.hub.commands.deliver(sending, { owner: 'test' }, ECHO_ACK);
  fixture.say('00 05 41 AA BB');
  t.is(fixture.hub.commands.findDelivery(id)?.stage, 'queued');
  await fixture.pass(0);
  t.deepEqual(stagesOf(fixture.hub.commands.findDelivery(id)), ['queued', 'written', 'answered']);
});

test('a delivery that fails at once is returned as failed', async (t) => {
  const fixture = await NetworkFixture.up({ refreshEveryMs: 0 });
  const sending = { kind: 'send', to: 5, message: Buffer.alloc(257), tracked: false } as const;
  t.like(fixture.hub.commands.deliver(sending, { owner: 'test' }), {
    stage: 'failed',
    failure: 'messageTooLong',
  });
});

for (const failure of ['noLink', 'linkLost', 'queueFull'] as const) {
  test(`a UART failure ${failure} makes the delivery fail with it`, async (t) => {
    const fixture = await NetworkFixture.up({ refreshEveryMs: 0 });
    fixture.failure = failure;
    const sending = { kind: 'broadcast', message: ECHO } as const;
    const { id } = fixture.hub.commands.deliver(sending, { owner: 'test' });
    await fixture.pass(0);
    t.like(fixture.hub.commands.findDelivery(id), { stage: 'failed', failure });
    const stages = fixture.events.flatMap((event) =>
      event.kind === 'delivery' ? [event.delivery.stage] : [],
    );
    t.deepEqual(stages, ['queued', 'failed']);
  });
}
