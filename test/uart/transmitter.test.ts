import test from 'ava';
import fc from 'fast-check';
import { encodeFrame } from '../../src/uart/frame.js';
import {
  SEND_FAILURES,
  SendError,
  Transmitter,
  type TransmitterSettings,
} from '../../src/uart/transmitter.js';
import { FakeLink } from '../support/fake-link.js';
import { hexOf } from '../support/hex.js';
import { ManualClock, settled } from '../support/manual-clock.js';

const SETTINGS: TransmitterSettings = {
  queueLimit: 256,
  pacing: { bytes: 1000, windowMs: 1000 },
  baud: 115_200,
};

function startTransmitter(settings: Partial<TransmitterSettings> = {}) {
  const clock = new ManualClock();
  const transmitter = new Transmitter(clock, { ...SETTINGS, ...settings });
  const link = new FakeLink(clock);
  const outcomes: string[] = [];
  const send = (name: string, owner = 'owner', length = 5): void => {
    const body = Buffer.concat([Buffer.from(name), Buffer.alloc(length - 2)]);
    const onUncertain = () => outcomes.push(`${name} uncertain`);
    transmitter.send(owner, body, onUncertain).then(
      () => outcomes.push(`${name} written`),
      (error: SendError) => outcomes.push(`${name} ${error.reason}`),
    );
  };
  return { clock, transmitter, link, outcomes, send };
}

/** The names with which the bodies on the wire begin. */
function sentOn(link: FakeLink): string[] {
  return link.writes.map(({ bytes }) => bytes.toString('latin1', 1, 3));
}

test('a body is written as one frame in one write, and is done when the link has accepted it', async (t) => {
  const { transmitter, link } = startTransmitter();
  transmitter.attach(link);
  await transmitter.send('owner', Buffer.from([0xff, 0x01]));
  t.deepEqual(
    link.writes.map(({ bytes }) => hexOf(bytes)),
    ['FF FA 05 01 FE'],
  );
  t.is(transmitter.counters.get('frames'), 1);
  t.is(transmitter.counters.get('bytes'), 5);
});

test('without a link a body is refused at once', async (t) => {
  const { transmitter } = startTransmitter();
  const error = await t.throwsAsync(transmitter.send('owner', Buffer.of(1)), { instanceOf: SendError });
  t.is(error?.reason, 'noLink');
  t.is(error?.message, SEND_FAILURES.noLink);
  t.is(transmitter.counters.get('noLink'), 1);
});

test('the next frame is written when the link has accepted the one before', async (t) => {
  const { transmitter, link, send, outcomes } = startTransmitter();
  link.hold();
  transmitter.attach(link);
  send('a1');
  send('a2');
  await settled();
  t.deepEqual(sentOn(link), ['a1']);
  link.accept();
  await settled();
  t.deepEqual(sentOn(link), ['a1', 'a2']);
  t.deepEqual(outcomes, ['a1 written']);
});

test('owners take turns', async (t) => {
  const { transmitter, link, send, clock } = startTransmitter();
  transmitter.attach(link);
  for (const name of ['a0', 'a1', 'a2', 'a3']) send(name, 'a', 498);
  send('b1', 'b', 498);
  for (let second = 0; second < 3; second++) {
    await settled();
    clock.advance(1000);
  }
  await settled();
  t.deepEqual(sentOn(link), ['a0', 'a1', 'b1', 'a2', 'a3']);
});

test('a full queue refuses, and reports it', async (t) => {
  const { transmitter, link, send, outcomes } = startTransmitter({ queueLimit: 4 });
  link.hold();
  transmitter.attach(link);
  for (const name of ['a0', 'a1', 'a2', 'a3']) send(name, 'a');
  await settled();
  t.deepEqual(outcomes, ['a3 queueFull'], 'one is being written, two are half of the queue');
  for (const name of ['b1', 'b2', 'b3']) send(name, 'b');
  await settled();
  t.deepEqual(outcomes, ['a3 queueFull', 'b3 queueFull']);
  t.is(transmitter.waiting, 4);
  t.is(transmitter.counters.get('queueFull'), 2);
});

test('never more than 1,000 encoded bytes go out in any second, from any senders at any times', async (t) => {
  const item = fc.record({
    owner: fc.constantFrom('a', 'b', 'c'),
    body: fc.uint8Array({ minLength: 1, maxLength: 450 }),
    pauseMs: fc.nat(400),
    acceptsAfterMs: fc.nat(300),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 25 }), async (items) => {
      const { clock, transmitter, link } = startTransmitter();
      const slow = slowLink(clock, link, items);
      transmitter.attach(link);
      for (const { owner, body, pauseMs } of items) {
        clock.advance(pauseMs);
        await settled();
        void transmitter.send(owner, Buffer.from(body)).catch(() => undefined);
      }
      for (let turn = 0; turn < 200 && slow.taken.length < items.length; turn++) {
        await settled();
        clock.advance(100);
      }
      t.is(slow.taken.length, items.length, 'all goes out in the end');
      for (const { endedAt } of slow.taken) t.true(bytesSince(slow.taken, endedAt - 1000, endedAt) <= 1000);
    }),
    { numRuns: 60 },
  );
});

interface Taken {
  readonly length: number;
  readonly endedAt: number;
}

/** Makes a link take each write only after a while. */
function slowLink(clock: ManualClock, link: FakeLink, items: readonly { acceptsAfterMs: number }[]) {
  const taken: Taken[] = [];
  link.write = (bytes) =>
    new Promise((resolve) => {
      clock.after(items[taken.length]?.acceptsAfterMs ?? 0, () => {
        taken.push({ length: bytes.length, endedAt: clock.monotonic() });
        resolve();
      });
    });
  return { taken };
}

/** Bytes that the link accepted in this window, without its start. */
function bytesSince(taken: readonly Taken[], from: number, until: number): number {
  const inWindow = taken.filter(({ endedAt }) => endedAt > from && endedAt <= until);
  return inWindow.reduce((sum, { length }) => sum + length, 0);
}

test('the second is counted from when a slow link has accepted the frame, not from the request', async (t) => {
  const { clock, transmitter, link, send } = startTransmitter();
  link.hold();
  transmitter.attach(link);
  send('a1', 'a', 900);
  send('a2', 'a', 900);
  clock.advance(3000);
  link.accept();
  await settled();
  t.deepEqual(sentOn(link), ['a1']);
  clock.advance(999);
  t.deepEqual(sentOn(link), ['a1']);
  clock.advance(1);
  t.deepEqual(sentOn(link), ['a1', 'a2']);
});

test('without pacing everything goes out at once', async (t) => {
  const { transmitter, link, send } = startTransmitter({ pacing: { bytes: 0, windowMs: 1000 } });
  transmitter.attach(link);
  for (const name of ['a1', 'a2', 'a3']) send(name, 'a', 900);
  await settled();
  t.deepEqual(sentOn(link), ['a1', 'a2', 'a3']);
});

test('when the link goes down everything pending fails, including the frame being written', async (t) => {
  const { clock, transmitter, link, send, outcomes } = startTransmitter();
  link.hold();
  transmitter.attach(link);
  for (const name of ['a1', 'a2', 'a3']) send(name);
  transmitter.detach();
  await settled();
  t.deepEqual(outcomes, ['a1 linkLost', 'a2 linkLost', 'a3 linkLost']);
  t.is(transmitter.counters.get('linkLost'), 3);
  t.is(transmitter.waiting, 0);
  link.accept();
  clock.advance(10_000);
  await settled();
  t.deepEqual(sentOn(link), ['a1'], 'failed frames are not sent any more');
});

test('a frame that waits for its second fails too when the link goes down', async (t) => {
  const { transmitter, link, send, outcomes } = startTransmitter();
  transmitter.attach(link);
  send('a1', 'a', 900);
  send('a2', 'a', 900);
  await settled();
  transmitter.detach();
  await settled();
  t.deepEqual(outcomes, ['a1 written', 'a2 linkLost']);
});

test('a write that never ends on a lost link does not hold up the next link', async (t) => {
  const { clock, transmitter, link, send, outcomes } = startTransmitter();
  link.hold();
  transmitter.attach(link);
  send('a1');
  transmitter.detach();
  const next = new FakeLink(clock);
  transmitter.attach(next);
  send('a2');
  await settled();
  t.deepEqual(sentOn(next), ['a2']);
  t.deepEqual(outcomes, ['a1 linkLost', 'a2 written']);
});

test('a failed write fails its sender, and the next one gets its turn', async (t) => {
  const { transmitter, link, send, outcomes } = startTransmitter();
  link.hold();
  transmitter.attach(link);
  send('a1');
  send('a2');
  link.refuse();
  await settled();
  link.accept();
  await settled();
  t.deepEqual(outcomes, ['a1 linkLost', 'a2 written']);
});

test('frames are encoded before they are counted: an escaped byte takes two', async (t) => {
  const { clock, transmitter, link } = startTransmitter();
  transmitter.attach(link);
  const body = Buffer.alloc(300, 0xff);
  t.is(encodeFrame(body).length, 602);
  void transmitter.send('a', body);
  void transmitter.send('a', body);
  await settled();
  t.is(link.writes.length, 1);
  clock.advance(1000);
  t.is(link.writes.length, 2);
});

test('the wait of each command is measured once, from queueing to being written', async (t) => {
  const { clock, transmitter, link, send } = startTransmitter({ pacing: { bytes: 12, windowMs: 1000 } });
  transmitter.attach(link);
  for (const name of ['aa', 'bb']) send(name, 'owner', 5);
  await settled();
  clock.advance(1000);
  await settled();
  t.deepEqual(sentOn(link), ['aa', 'bb']);
  t.like(transmitter.waits.snapshot(), { count: 2, sum: 1000 });
  send('cc');
  transmitter.detach();
  await settled();
  t.is(transmitter.waits.snapshot().count, 2, 'unwritten commands have no wait');
});
