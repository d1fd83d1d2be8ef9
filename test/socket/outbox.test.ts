import type { Socket } from 'node:net';
import test from 'ava';
import { Outbox, PAUSE_MS, SHORT_QUEUE } from '../../src/socket/outbox.js';
import { ManualClock } from '../support/manual-clock.js';

/** An outbox with this limit, its clock, and the log of writes with their times, `12: a`. */
function setUp({ limit = 1000, unread = 0 } = {}) {
  const clock = new ManualClock();
  const writes: string[] = [];
  const socket = {
    writableLength: unread,
    write: (bytes: Buffer) => writes.push(`${clock.monotonic()}: ${bytes}`),
  };
  const outbox = new Outbox(socket as unknown as Socket, limit, clock);
  const push = (...texts: readonly string[]) => texts.map((text) => outbox.push(Buffer.from(text)));
  return { clock, outbox, writes, push };
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => String(index));

test('a single message goes out at once, without a timer', (t) => {
  const { clock, writes, push } = setUp();
  for (let sent = 0; sent < 3; sent++) {
    push('a');
    clock.advance(PAUSE_MS);
  }
  t.deepEqual(
    writes,
    [0, 1, 2].map((turn) => `${turn * PAUSE_MS}: a`),
  );
  t.is(clock.timers, 0);
});

test('messages of the same moment go out with a pause between them, later ones after them', (t) => {
  const { clock, writes, push } = setUp();
  push('a', 'b', 'c');
  clock.advance(1);
  push('d');
  clock.advance(100);
  t.deepEqual(
    writes,
    ['a', 'b', 'c', 'd'].map((text, index) => `${index * PAUSE_MS}: ${text}`),
  );
  t.is(clock.timers, 0);
});

test('a message soon after a single one waits for the rest of the pause', (t) => {
  const { clock, writes, push } = setUp();
  push('a');
  clock.advance(1);
  push('b');
  clock.advance(100);
  t.deepEqual(writes, ['0: a', `${PAUSE_MS}: b`]);
});

test('a queue that is no longer short is written at once, in order', (t) => {
  const { clock, writes, push } = setUp();
  const texts = numbered(SHORT_QUEUE + 1);
  push(...texts.slice(0, -1));
  t.is(writes.length, 1);
  push(...texts.slice(-1));
  t.deepEqual(
    writes,
    texts.map((text) => `0: ${text}`),
  );
  clock.advance(1000);
  t.is(writes.length, texts.length);
});

test('in a flood nothing waits; when it is over messages are spaced again', (t) => {
  const { clock, writes, push } = setUp();
  push(...numbered(SHORT_QUEUE + 1));
  for (let sent = 0; sent < 1000; sent++) {
    push('x');
    clock.advance(1);
    t.is(writes.length, SHORT_QUEUE + 2 + sent);
  }
  t.is(clock.timers, 0);
  clock.advance(2 * SHORT_QUEUE * PAUSE_MS);
  writes.length = 0;
  push('a', 'b');
  t.is(writes.length, 1);
});

test('messages waiting for their pause count towards the limit, and refused ones are not queued', (t) => {
  const { clock, outbox, writes, push } = setUp({ limit: 6, unread: 2 });
  t.deepEqual(push('aa', 'bb', 'cc', 'd'), [true, true, true, false]);
  t.is(outbox.waitingBytes, 6);
  clock.advance(100);
  t.is(outbox.waitingBytes, 2);
  t.is(writes.length, 3);
});

test('waiting messages are written when the gateway stops, and dropped when the connection has ended', (t) => {
  const stopped = setUp();
  stopped.push('a', 'b', 'c');
  stopped.outbox.flush();
  t.deepEqual(stopped.writes, ['0: a', '0: b', '0: c']);
  const over = setUp();
  over.push('a', 'b', 'c');
  over.outbox.close();
  over.clock.advance(100);
  t.deepEqual(over.writes, ['0: a']);
  t.is(stopped.clock.timers + over.clock.timers, 0);
});
