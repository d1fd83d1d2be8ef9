import test from 'ava';
import { Transmitter } from '../../src/uart/transmitter.js';
import { FakeLink } from '../support/fake-link.js';
import { ManualClock, settled } from '../support/manual-clock.js';

/** 10 bits per byte at 115,200 baud. */
const MS_A_BYTE = 10_000 / 115_200;

function startTransmitter() {
  const clock = new ManualClock();
  const pacing = { bytes: 1000, windowMs: 1000 };
  const transmitter = new Transmitter(clock, { queueLimit: 256, pacing, baud: 115_200 });
  const link = new FakeLink(clock);
  const outcomes: string[] = [];
  transmitter.attach(link);
  const send = (name: string, length = 8): void => {
    const body = Buffer.concat([Buffer.from(name), Buffer.alloc(length - 2)]);
    transmitter
      .send('owner', body, () => outcomes.push(`${name} uncertain`))
      .then(
        () => outcomes.push(`${name} written`),
        () => outcomes.push(`${name} failed`),
      );
  };
  const sent = () => link.writes.map(({ bytes }) => bytes.toString('latin1', 1, 3));
  return { clock, transmitter, link, outcomes, send, sent };
}

test('with exactly one frame on the wire, that frame is sent again', async (t) => {
  const { clock, transmitter, outcomes, send, sent } = startTransmitter();
  send('a1');
  await settled();
  clock.advance(10);
  t.is(transmitter.onHalfMessage(), 'sentAgain');
  await settled();
  t.deepEqual(sent(), ['a1', 'a1']);
  t.deepEqual(outcomes, ['a1 written']);
  t.is(transmitter.counters.get('sentAgain'), 1);
  t.is(transmitter.counters.get('halfMessages'), 1);
});

test('a frame is sent three times at most; then it is uncertain', async (t) => {
  const { clock, transmitter, outcomes, send, sent } = startTransmitter();
  send('a1');
  const answers: string[] = [];
  for (let time = 0; time < 4; time++) {
    await settled();
    clock.advance(10);
    answers.push(transmitter.onHalfMessage());
  }
  t.deepEqual(answers, ['sentAgain', 'sentAgain', 'uncertain', 'nothingSent']);
  t.deepEqual(sent(), ['a1', 'a1', 'a1']);
  t.deepEqual(outcomes, ['a1 written', 'a1 uncertain']);
});

test('with several frames on the wire it is unknown which it was: all are uncertain, none is sent again', async (t) => {
  const { clock, transmitter, outcomes, send, sent } = startTransmitter();
  send('a1');
  send('a2');
  await settled();
  clock.advance(10);
  t.is(transmitter.onHalfMessage(), 'uncertain');
  await settled();
  t.deepEqual(sent(), ['a1', 'a2']);
  t.deepEqual(outcomes, ['a1 written', 'a2 written', 'a1 uncertain', 'a2 uncertain']);
  t.is(transmitter.counters.get('uncertain'), 2);
});

test('with nothing on the wire there is nothing to send again', async (t) => {
  const { transmitter, sent } = startTransmitter();
  t.is(transmitter.onHalfMessage(), 'nothingSent');
  t.deepEqual(sent(), []);
  t.is(transmitter.counters.get('halfMessages'), 1);
});

test('a frame whose last bit left more than 50 ms ago is not suspected', async (t) => {
  const { clock, transmitter, send } = startTransmitter();
  send('a1', 100);
  await settled();
  clock.advance(102 * MS_A_BYTE + 50.1);
  t.is(transmitter.onHalfMessage(), 'nothingSent');
});

test('a long frame is suspected until 50 ms after its last bit', async (t) => {
  const { clock, transmitter, send } = startTransmitter();
  send('a1', 900);
  await settled();
  clock.advance(902 * MS_A_BYTE + 49.9);
  t.is(transmitter.onHalfMessage(), 'sentAgain');
});

test('frames handed over together leave one after the other, and are suspected accordingly', async (t) => {
  const { clock, transmitter, outcomes, send } = startTransmitter();
  send('a1', 400);
  send('a2', 400);
  await settled();
  clock.advance(402 * MS_A_BYTE + 50.1);
  t.is(transmitter.onHalfMessage(), 'sentAgain');
  await settled();
  t.deepEqual(outcomes, ['a1 written', 'a2 written'], 'a1 was read completely, so it must be a2');
});

test('a frame that still waits in the port for its turn is not suspected', async (t) => {
  const { clock, transmitter, send, sent } = startTransmitter();
  send('a1', 400);
  send('a2', 100);
  await settled();
  clock.advance(20);
  t.is(transmitter.onHalfMessage(), 'sentAgain');
  clock.advance(1000);
  t.deepEqual(sent(), ['a1', 'a2', 'a1']);
});

test('a frame that the link has not yet accepted is on the wire', async (t) => {
  const { clock, transmitter, link, outcomes, send, sent } = startTransmitter();
  link.hold();
  send('a1');
  clock.advance(500);
  t.is(transmitter.onHalfMessage(), 'sentAgain');
  link.accept();
  await settled();
  link.accept();
  await settled();
  t.deepEqual(sent(), ['a1', 'a1']);
  t.deepEqual(outcomes, ['a1 written']);
});

test('a frame that failed before it was accepted fails once, even when it was to be sent again', async (t) => {
  const { transmitter, link, outcomes, send } = startTransmitter();
  link.hold();
  send('a1');
  t.is(transmitter.onHalfMessage(), 'sentAgain');
  transmitter.detach();
  await settled();
  t.deepEqual(outcomes, ['a1 failed']);
  t.is(transmitter.counters.get('linkLost'), 1);
});

test('resends are paced like everything else', async (t) => {
  const { clock, transmitter, send, sent } = startTransmitter();
  send('a1', 900);
  await settled();
  clock.advance(90);
  t.is(transmitter.onHalfMessage(), 'sentAgain');
  t.is(transmitter.waiting, 1);
  t.deepEqual(sent(), ['a1']);
  clock.advance(910);
  t.deepEqual(sent(), ['a1', 'a1']);
});

test('a frame that was to be sent again when the link went down is uncertain, since it is known to be lost', async (t) => {
  const { clock, transmitter, outcomes, send } = startTransmitter();
  send('a1', 900);
  await settled();
  clock.advance(90);
  transmitter.onHalfMessage();
  transmitter.detach();
  await settled();
  t.deepEqual(outcomes, ['a1 written', 'a1 uncertain']);
  t.is(transmitter.counters.get('linkLost'), 0);
});
