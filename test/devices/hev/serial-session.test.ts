import test, { type ExecutionContext } from 'ava';
import { encodeHevFrame, type HevFrame, HevFrameDecoder } from '../../../src/codecs/hev/frame.js';
import { type SendOutcome, SerialSession } from '../../../src/devices/hev/serial-session.js';
import { ManualClock } from '../../support/manual-clock.js';

/** One end of the line, and what it has put on it. */
class End {
  readonly clock = new ManualClock();
  readonly written: HevFrame[] = [];
  readonly payloads: string[] = [];
  readonly outcomes: SendOutcome[] = [];
  readonly session: SerialSession;
  readonly #decoder = new HevFrameDecoder({ onFrame: (frame) => this.written.push(frame), onDrop: () => {} });

  constructor(options: { readonly paceMs?: number; readonly resendMs?: number } = {}) {
    this.session = new SerialSession({
      clock: this.clock,
      write: (bytes) => this.#decoder.push(bytes),
      onPayload: (bytes) => this.payloads.push(bytes.toString()),
      ...options,
    });
  }

  send(text: string, address: HevFrame['address'] = 'data'): void {
    this.session.send(address, Buffer.from(text), (outcome) => this.outcomes.push(outcome));
  }

  hear(frame: HevFrame): void {
    this.session.push(encodeHevFrame(frame));
  }

  hearPayload(number: number, text = `${number}`): void {
    this.hear({ kind: 'information', address: 'data', number, info: Buffer.from(text) });
  }

  ack(number: number, address: HevFrame['address'] = 'data'): void {
    this.hear({ kind: 'ack', address, number });
  }

  /** Since the last call: `data 0 hello`, `ack 1`. */
  takeWritten(): string[] {
    return this.written.splice(0).map((frame) => {
      if (frame.kind !== 'information') return `${frame.kind} ${frame.number}`;
      return `${frame.address} ${frame.number} ${frame.info}`;
    });
  }
}

test('a payload is acknowledged with the next number, and passed on once', (t) => {
  const end = new End();
  end.hearPayload(0, 'a');
  end.hearPayload(1, 'b');
  t.deepEqual(end.payloads, ['a', 'b']);
  t.deepEqual(end.takeWritten(), ['ack 1', 'ack 2']);
});

test('numbers go round after 127', (t) => {
  const end = new End();
  for (let number = 0; number < 128; number++) end.hearPayload(number);
  end.hearPayload(0, 'again 0');
  t.is(end.payloads.at(-1), 'again 0');
  t.is(end.takeWritten().at(-1), 'ack 1');
});

test('a repeated payload is thrown away, and answered with the number that is expected', (t) => {
  const end = new End();
  end.hearPayload(0, 'a');
  end.hearPayload(0, 'a');
  t.deepEqual(end.payloads, ['a']);
  t.deepEqual(end.takeWritten(), ['ack 1', 'nack 1']);
  t.is(end.session.counts.get('mismatched'), 1);
});

test('a lost payload: the next one is refused until the missing one comes', (t) => {
  const end = new End();
  end.hearPayload(1, 'b');
  end.hearPayload(0, 'a');
  end.hearPayload(1, 'b');
  t.deepEqual(end.payloads, ['a', 'b']);
  t.deepEqual(end.takeWritten(), ['nack 0', 'ack 1', 'ack 2']);
});

test('after more than 20 wrong numbers in a row the number that comes is taken', (t) => {
  const end = new End();
  for (let count = 0; count < 20; count++) end.hearPayload(50);
  t.deepEqual(end.payloads, []);
  end.hearPayload(50, 'restarted');
  end.hearPayload(51, 'next');
  t.deepEqual(end.payloads, ['restarted', 'next']);
  t.is(end.session.counts.get('resynchronized'), 1);
});

test('a good number starts the count of wrong ones anew', (t) => {
  const end = new End();
  for (let count = 0; count < 20; count++) end.hearPayload(50);
  end.hearPayload(0);
  for (let count = 0; count < 20; count++) end.hearPayload(50);
  t.deepEqual(end.payloads, ['0']);
});

test('one frame is under way: the next is sent when it is acknowledged', (t) => {
  const end = new End();
  end.send('a');
  end.send('b');
  t.deepEqual(end.takeWritten(), ['data 0 a']);
  end.ack(1);
  t.deepEqual(end.takeWritten(), ['data 1 b']);
  end.ack(2);
  t.deepEqual(end.outcomes, ['acknowledged', 'acknowledged']);
  end.clock.advance(1000);
  t.deepEqual(end.takeWritten(), []);
});

test('alarms go first, then commands, then data', (t) => {
  const end = new End();
  end.send('under way');
  end.send('d');
  end.send('c', 'command');
  end.send('a', 'alarm');
  for (const [number, address] of [
    [1, 'data'],
    [2, 'alarm'],
    [3, 'command'],
  ] as const)
    end.ack(number, address);
  t.deepEqual(end.takeWritten(), ['data 0 under way', 'alarm 1 a', 'command 2 c', 'data 3 d']);
});

test('without an acknowledgement a frame is sent 10 times, 15 ms apart, and its number is used again', (t) => {
  const end = new End();
  end.send('a');
  end.send('b');
  end.clock.advance(14);
  t.is(end.takeWritten().length, 1);
  end.clock.advance(1);
  t.deepEqual(end.takeWritten(), ['data 0 a']);
  end.clock.advance(8 * 15);
  t.is(end.takeWritten().length, 8);
  end.clock.advance(15);
  t.deepEqual(end.outcomes, ['unanswered']);
  t.deepEqual(end.takeWritten(), ['data 0 b']);
  t.is(end.session.counts.get('resent'), 9);
});

for (const [name, frame] of [
  ['a refusal', { kind: 'nack', address: 'data', number: 0 }],
  ['an acknowledgement of another address', { kind: 'ack', address: 'alarm', number: 1 }],
  ['an acknowledgement of another number', { kind: 'ack', address: 'data', number: 2 }],
] as const) {
  test(`${name} changes nothing: only the time-out sends again`, (t) => {
    const end = new End();
    end.send('a');
    end.takeWritten();
    end.hear(frame);
    t.deepEqual(end.takeWritten(), []);
    end.clock.advance(15);
    t.deepEqual(end.takeWritten(), ['data 0 a']);
    t.deepEqual(end.outcomes, []);
  });
}

test('of a queue that is full the oldest goes', (t) => {
  const end = new End();
  for (let count = 0; count <= 33; count++) end.send(`${count}`);
  t.deepEqual(end.outcomes, ['displaced']);
  end.ack(1);
  t.deepEqual(end.takeWritten(), ['data 0 0', 'data 1 2']);
});

test('a line that is opened anew starts from 0, and what waited has ended', (t) => {
  const end = new End();
  end.hearPayload(0);
  end.send('a');
  end.send('b');
  end.session.reset();
  t.deepEqual(end.outcomes, ['linkLost', 'linkLost']);
  end.takeWritten();
  end.send('c');
  end.hearPayload(0);
  t.deepEqual(end.takeWritten(), ['data 0 c', 'ack 1']);
});

test('half a frame from before the line was lost does not disturb the first one after', (t) => {
  const end = new End();
  end.session.push(Buffer.from('7e400002b6', 'hex'));
  end.session.reset();
  end.hearPayload(0);
  t.deepEqual(end.payloads, ['0']);
});

test('a microcontroller keeps its pace after any transmission', (t) => {
  const end = new End({ paceMs: 10, resendMs: 100 });
  end.hearPayload(0);
  end.send('a');
  t.deepEqual(end.takeWritten(), ['ack 1']);
  end.clock.advance(9);
  t.deepEqual(end.takeWritten(), []);
  end.clock.advance(1);
  t.deepEqual(end.takeWritten(), ['data 0 a']);
});

test('what does not fit a frame is refused at once', (t) => {
  const end = new End();
  t.throws(() => end.send('x'.repeat(122)), { instanceOf: RangeError });
  t.deepEqual(end.outcomes, []);
});

/** Two ends joined by a line that loses, doubles and damages what it is told to. */
function exchange(t: ExecutionContext, disturb: (frame: Buffer, count: number) => readonly Buffer[]): void {
  const clock = new ManualClock();
  const received: string[] = [];
  let count = 0;
  const line = (to: () => SerialSession) => (frame: Buffer) => {
    for (const piece of disturb(frame, count++)) clock.after(1, () => to().push(piece));
  };
  const host: SerialSession = new SerialSession({
    clock,
    write: line(() => board),
    onPayload: (bytes) => received.push(bytes.toString()),
  });
  const board: SerialSession = new SerialSession({
    clock,
    write: line(() => host),
    onPayload: () => {},
    resendMs: 30,
  });
  for (let number = 0; number < 30; number++) board.send('data', Buffer.from(`${number}`));
  clock.advance(20_000);
  t.deepEqual(
    received,
    Array.from({ length: 30 }, (_, number) => `${number}`),
  );
}

test('payloads arrive once and in order over a line that doubles frames', (t) => {
  exchange(t, (frame, count) => (count % 3 === 0 ? [frame, frame] : [frame]));
});

test('payloads arrive once and in order where frames with payloads are lost or damaged', (t) => {
  exchange(t, (frame, count) => {
    const isAcknowledgement = frame.length < 9;
    if (isAcknowledgement || count % 4 !== 1) return [frame];
    const damaged = Buffer.from(frame);
    damaged[5] = (damaged[5] ?? 0) ^ 1;
    return count % 8 === 1 ? [] : [damaged];
  });
});
