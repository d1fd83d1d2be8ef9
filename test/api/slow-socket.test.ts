import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import type { Snapshot } from '../../src/api/shapes.js';
import { startGateway } from '../support/gateway-fixture.js';
import { LineClient } from '../support/line-client.js';
import { ManualClock } from '../support/manual-clock.js';

const LINES = 20_000;

interface Numbered {
  readonly event?: { readonly seq: number };
  readonly from?: number;
  readonly to?: number;
}

/** Lets the sockets of this process take what they can. */
async function turns(amount: number): Promise<void> {
  for (let turn = 0; turn < amount; turn++) await nextTurn();
}

async function setUp(subscription: object) {
  const clock = new ManualClock();
  const gateway = await startGateway({ clock, settings: { mesh: { events: 1000 } } });
  const slow = await LineClient.open(gateway.socketPath);
  const other = await LineClient.open(gateway.socketPath);
  for (const client of [slow, other]) await client.ask('subscribe', subscription, 'subscribed');
  slow.socket.pause();
  const close = async () => {
    slow.close();
    other.close();
    clock.advance(20_000);
    await gateway.close();
  };
  /** Time and the sockets advance together. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await turns(5);
    }
  };
  return { gateway, slow, other, close, pass };
}

function numbersOf(client: LineClient): number[] {
  return client.lines.flatMap(({ params }) => (params as Numbered | undefined)?.event?.seq ?? []);
}

function gapsOf(client: LineClient): Numbered[] {
  return client.lines.filter(({ method }) => method === 'gap').map(({ params }) => params as Numbered);
}

test('a client that never reads uses bounded memory and costs the others no event; it gets one gap when it reads', async (t) => {
  const { gateway, slow, other, close, pass } = await setUp({ kinds: ['traffic'] });
  t.teardown(close);
  const first = gateway.hub.feed.lastSeq() + 1;
  const text = 'x'.repeat(500);
  for (let line = 0; line < LINES; line++) {
    await gateway.hub.commands.execute({ kind: 'log', text }, 'test');
    if (line % 100 === 0) await turns(2);
  }
  const last = gateway.hub.feed.lastSeq();
  await other.until(() => (numbersOf(other).at(-1) === last ? true : undefined));
  t.is(numbersOf(other).length, LINES);
  t.deepEqual(gapsOf(other), []);
  slow.socket.resume();
  await pass(1000);
  await slow.until(() => gapsOf(slow)[0]);
  const numbers = numbersOf(slow);
  const [gap, ...more] = gapsOf(slow);
  t.deepEqual(more, []);
  t.is(numbers[0], first);
  t.is(gap?.from, (numbers.at(-1) ?? 0) + 1);
  t.is(gap?.to, last);
  t.true(numbers.length * text.length < 4_000_000, `${numbers.length} events were held`);
});

test('a client that never reads is closed with SLOW_READER after 10 s, and not before', async (t) => {
  const { gateway, slow, other, close, pass } = await setUp({ kinds: ['traffic'] });
  t.teardown(close);
  const text = 'x'.repeat(1000);
  for (let line = 0; line < 5000; line++) await gateway.hub.commands.execute({ kind: 'log', text }, 'test');
  const sessions = async () =>
    ((await other.ask('status')).result as { clients: { sessions: number } }).clients.sessions;
  await pass(9000);
  t.is(await sessions(), 2);
  await pass(1500);
  t.is(await sessions(), 1);
  slow.socket.resume();
  await slow.closed;
  t.is(slow.lines.at(-1)?.method, 'closing');
  t.is(slow.lines.at(-1)?.params?.reason, 'SLOW_READER');
});

test('a snapshot and the events after it agree, whatever happens in between', async (t) => {
  const gateway = await startGateway();
  t.teardown(() => gateway.close());
  const client = await LineClient.open(gateway.socketPath);
  t.teardown(() => client.close());
  for (let round = 0; round < 50; round++) {
    client.say({
      jsonrpc: '2.0',
      id: round,
      method: 'subscribe',
      params: { kinds: ['value'], snapshot: true },
    });
    for (let value = 0; value < 10; value++) gateway.root.say(Buffer.of(0, 5, 0x44, 1, 0, value));
    await nextTurn();
    const { subscription, snapshot } = (await client.reply(round)).result as {
      subscription: string;
      snapshot: Snapshot;
    };
    const { lastSeq } = { lastSeq: gateway.hub.feed.lastSeq() };
    const events = gateway.hub.feed.replay(snapshot.seq).events.filter(({ kind }) => kind === 'value');
    const heard = () =>
      client.lines.flatMap(({ params }) =>
        params?.subscription === subscription ? [(params as unknown as Required<Numbered>).event.seq] : [],
      );
    await client.until(() => (heard().length >= events.length ? true : undefined));
    t.deepEqual(
      heard(),
      events.map(({ seq }) => seq),
    );
    t.true(snapshot.seq <= lastSeq);
    await client.ask('unsubscribe', { subscription });
  }
});
