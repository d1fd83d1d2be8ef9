/** Many clients at one gateway: one client's requests do not hold up the others, and its replies stay in order. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import type { MeshEvent, Snapshot } from '../../src/api/shapes.js';
import { SharedLimits } from '../../src/api/shared-limits.js';
import { ManualClock } from '../support/manual-clock.js';
import { type Reply, SessionFixture } from '../support/session-fixture.js';

const NODES = 300;

/** A clock by which everything takes time: each reading advances it by 1 ms. */
class BusyClock extends ManualClock {
  override monotonic(): number {
    const now = super.monotonic();
    this.advance(1);
    return now;
  }
}

async function openBoth() {
  const shared = new SharedLimits(new BusyClock());
  const attacker = await SessionFixture.open({ shared });
  for (let node = 5; node < NODES + 5; node++) {
    attacker.mesh.network.onFrame(Buffer.of(node >> 8, node & 0xff, 0x44, 1, 0, 7));
  }
  return { attacker, other: attacker.beside('client 2', shared) };
}

/** Requests of the other client that are answered, one after the other, while the attacker's are carried out. */
async function countAnswered(other: SessionFixture, isOver: () => boolean): Promise<number> {
  let answered = 0;
  while (!isOver()) {
    const id = other.post('hello');
    for (let turn = 0; turn < 3 && !other.replyTo(id); turn++) await nextTurn();
    if (!other.replyTo(id)) throw new Error('the other client was not answered in three turns');
    answered++;
  }
  return answered;
}

for (const [method, params] of [
  ['latest', { type: 'Sequence' }],
  ['nodes', {}],
  ['status', {}],
] as const) {
  test(`while a batch of 60 times ${method} is carried out, others are answered in between`, async (t) => {
    const { attacker, other } = await openBoth();
    const batch = Array.from({ length: 60 }, (_, id) => ({ jsonrpc: '2.0', id, method, params }));
    attacker.session.receive(JSON.stringify(batch));
    const answered = await countAnswered(other, () => attacker.transport.texts.length > 0);
    t.true(answered > 10, String(answered));
    const replies = JSON.parse(attacker.transport.texts[0] ?? '') as Reply[];
    t.deepEqual(
      replies.map(({ id }) => id),
      batch.map(({ id }) => id),
    );
  });
}

test('a pipeline of one client holds up nobody, and is answered in order', async (t) => {
  const { attacker, other } = await openBoth();
  const ids = Array.from({ length: 60 }, (_, index) =>
    attacker.post(['nodes', 'hello', 'status'][index % 3] ?? ''),
  );
  const answered = await countAnswered(other, () => attacker.transport.texts.length === ids.length);
  t.true(answered > 10, String(answered));
  t.deepEqual(
    attacker.received.map(({ id }) => id),
    ids,
  );
});

test('one long reply is built in many steps', async (t) => {
  const { attacker, other } = await openBoth();
  const id = attacker.post('nodes');
  const answered = await countAnswered(other, () => attacker.replyTo(id) !== undefined);
  t.true(answered > 3, String(answered));
  t.is((resultOf(attacker, id) as { nodes: unknown[] }).nodes.length, NODES);
});

test('a snapshot built in steps is consistent with the events after it, whatever changes meanwhile', async (t) => {
  const { attacker, other } = await openBoth();
  const id = attacker.post('subscribe', { kinds: ['value', 'node'], snapshot: true });
  let value = 8;
  while (!attacker.replyTo(id)) {
    for (let node = 5; node < NODES; node += 100) other.mesh.network.onFrame(valueFrame(node, value));
    value = (value + 1) % 256;
    await nextTurn();
  }
  const { snapshot, seq } = resultOf(attacker, id) as { snapshot: Snapshot; seq: number };
  t.is(snapshot.seq, seq);
  t.true(value > 9, String(value));
  const held = attacker.mesh.hub.feed.replay(0).events.filter((event) => event.kind === 'value');
  const latest = new Map<number, string>();
  for (const event of held) if (event.seq <= seq) latest.set(event.node, event.value.bytes.toString('hex'));
  const addresses = snapshot.nodes.map(({ address }) => address);
  t.deepEqual(
    addresses,
    [...addresses].sort((a, b) => a - b),
  );
  t.is(addresses.length, NODES);
  for (const { address, values } of snapshot.nodes) {
    if (latest.has(address)) t.is(values[0]?.bytes, latest.get(address), String(address));
  }
  attacker.mesh.network.onFrame(valueFrame(5, value));
  await nextTurn();
  const numbers = attacker.events().map((event: MeshEvent) => event.seq);
  t.deepEqual(
    numbers,
    attacker.mesh.hub.feed
      .replay(seq)
      .events.filter(({ kind }) => kind === 'value')
      .map((event) => event.seq),
  );
});

test('when many clients do not read, the worst is closed with the reason; a reading client stays and is answered', async (t) => {
  const clock = new ManualClock();
  const shared = new SharedLimits(clock);
  const first = await SessionFixture.open({ shared });
  for (let node = 5; node < 8005; node++) {
    first.mesh.network.onFrame(Buffer.of(node >> 8, node & 0xff, 0x44, 1, 0, 7));
  }
  const deaf = Array.from({ length: 20 }, (_, index) => first.beside(`deaf ${index}`, shared));
  for (const client of deaf) {
    client.transport.stopReading();
    client.post('nodes');
  }
  const waiting = () => deaf.reduce((sum, { session }) => sum + session.waitingBytes, 0);
  t.true(waiting() < 40_000_000, String(waiting()));
  const id = first.post('nodes');
  t.is(first.replyTo(id), undefined);
  for (let passed = 0; passed < 30 && !first.replyTo(id); passed++) clock.advance(100);
  t.truthy(first.replyTo(id)?.result);
  t.true(waiting() < 40_000_000, String(waiting()));
  t.deepEqual(first.closings, []);
  const [closed] = deaf.filter(({ closings }) => closings.length > 0);
  t.deepEqual(closed?.closings, ['TOO_MUCH_UNREAD']);
  closed?.transport.readAgain();
  const last = JSON.parse(closed?.transport.texts.at(-1) ?? '{}') as Record<string, unknown>;
  t.like(last, { method: 'closing', params: { reason: 'TOO_MUCH_UNREAD' } });
});

function valueFrame(node: number, value: number): Buffer {
  return Buffer.of(node >> 8, node & 0xff, 0x44, 1, 0, value);
}

function resultOf(client: SessionFixture, id: number): unknown {
  return client.replyTo(id)?.result;
}
