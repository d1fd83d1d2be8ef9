import test from 'ava';
import { Message } from '../../../src/connectors/dataforge/message.js';
import { Outlet } from '../../../src/connectors/dataforge/outlet.js';
import { ManualClock } from '../../support/manual-clock.js';

const NEVER_READ = 70_000;

class SlowClient {
  readonly clock = new ManualClock();
  readonly written: string[] = [];
  readonly pending: (() => void)[] = [];
  dropped = 0;
  isClosed = false;
  readonly outlet: Outlet;

  constructor(maxMessages: number) {
    this.outlet = new Outlet({
      clock: this.clock,
      maxMessages,
      encode: ({ content }) => Buffer.from(String(content.meta.text)),
      write: (bytes, onWritten) => {
        this.written.push(bytes.toString().slice(0, 20));
        this.pending.push(onWritten);
      },
      onSent: () => {},
      onDropped: (count) => {
        this.dropped += count;
      },
      onSlow: () => {
        this.isClosed = true;
        this.outlet.close();
      },
    });
    this.outlet.push(new Message({ meta: { text: 'x'.repeat(NEVER_READ) } }, 0));
    this.written.length = 0;
  }

  answer(text: string): void {
    this.outlet.push(new Message({ meta: { text } }, 0));
  }

  reading(text: string, readingOf = 'voltage'): void {
    this.outlet.push(new Message({ meta: { text }, readingOf }, 0));
  }

  readOn(): void {
    while (this.pending.length > 0) this.pending.shift()?.();
  }
}

test('a client that is behind gets everything in order while it is within the limit', (t) => {
  const client = new SlowClient(4);
  for (const text of ['1', '2', '3', '4']) client.reading(text);
  t.deepEqual(client.written, []);
  client.readOn();
  t.deepEqual(client.written, ['1', '2', '3', '4']);
  t.is(client.outlet.waitingBytes, 0);
});

test('over the limit, readings are dropped except the newest of each, answers never', (t) => {
  const client = new SlowClient(4);
  client.answer('a');
  client.reading('1');
  client.reading('2');
  client.reading('t1', 'temperature');
  client.reading('3');
  client.answer('b');
  client.readOn();
  t.deepEqual(client.written, ['a', 't1', '3', 'b']);
  t.is(client.dropped, 2);
});

test('a client that stays over the limit for 10 s is closed', (t) => {
  const client = new SlowClient(2);
  for (const text of ['a', 'b', 'c']) client.answer(text);
  client.clock.advance(9999);
  t.false(client.isClosed);
  client.clock.advance(1);
  t.true(client.isClosed);
});

test('a client that catches up in time is not closed', (t) => {
  const client = new SlowClient(2);
  for (const text of ['a', 'b', 'c']) client.answer(text);
  client.clock.advance(9000);
  client.readOn();
  client.clock.advance(60_000);
  t.false(client.isClosed);
  t.deepEqual(client.written, ['a', 'b', 'c']);
});

test('answers alone end a client that reads nothing, long before they fill the memory', (t) => {
  const client = new SlowClient(2);
  let count = 0;
  while (!client.isClosed && count < 1000) client.answer(`${count++}`);
  t.is(count, 33);
});

test('large messages count by their bytes', (t) => {
  const client = new SlowClient(100);
  for (let count = 0; count < 3; count++) client.reading('y'.repeat(600_000), `${count}`);
  client.clock.advance(10_000);
  t.true(client.isClosed);
});
