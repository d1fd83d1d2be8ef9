import test from 'ava';
import { ClientTally } from '../../src/api/client-tally.js';
import { Monitor, type MonitorGeneration } from '../../src/socket/web/monitor.js';
import { LINES_WAITING, MESSAGE_PAUSE_MS, MonitorFeed } from '../../src/socket/web/monitor-feed.js';
import { ManualClock } from '../support/manual-clock.js';
import { NetworkFixture, netInfo, word } from '../support/network-fixture.js';

/** A dashboard: its messages and their times; one that does not read leaves the last message in the socket. */
class FakePage {
  readonly tally = new ClientTally();
  readonly messages: { readonly at: number; readonly text: Buffer }[] = [];
  readonly #clock: ManualClock;
  #onSent: (() => void) | undefined;
  reads = true;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  readonly send = (text: Buffer, onSent: () => void): void => {
    this.messages.push({ at: this.#clock.monotonic(), text });
    this.#onSent = onSent;
    if (this.reads) onSent();
  };

  readAgain(): void {
    this.reads = true;
    this.#onSent?.();
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text.toString());
  }

  /** ms between each message and the one before. */
  get pauses(): number[] {
    return this.messages.slice(1).map(({ at }, index) => at - (this.messages[index]?.at ?? 0));
  }
}

function feedOf() {
  const clock = new ManualClock();
  const page = new FakePage(clock);
  return { clock, page, feed: new MonitorFeed(clock, page.send, page.tally) };
}

const bytes = (text: string) => Buffer.from(text);

test('messages leave one at a time, the first at once, and at least 50 ms apart', (t) => {
  const { clock, page, feed } = feedOf();
  for (const kind of ['nodes', 'connection', 'robots']) feed.setState(kind, bytes(kind));
  t.deepEqual(page.texts, ['nodes']);
  clock.advance(1000);
  feed.addLine(bytes('line'));
  t.deepEqual(page.texts, ['nodes', 'connection', 'robots', 'line']);
  t.true(page.pauses.every((pause) => pause >= 50));
});

test('a waiting state is replaced by the next of its kind, and that is counted', (t) => {
  const { clock, page, feed } = feedOf();
  for (const text of ['a', 'b', 'c']) feed.setState('nodes', bytes(text));
  feed.setState('robots', bytes('r'));
  clock.advance(1000);
  t.deepEqual(page.texts, ['a', 'c', 'r']);
  t.is(page.tally.coalesced, 1);
});

test('waiting lines are bounded: the oldest are dropped and counted, and states go before them', (t) => {
  const { clock, page, feed } = feedOf();
  for (let line = 0; line <= LINES_WAITING + 10; line++) feed.addLine(bytes(`line ${line}`));
  t.is(page.tally.dropped, 10);
  feed.setState('nodes', bytes('nodes'));
  clock.advance(MESSAGE_PAUSE_MS);
  t.deepEqual(page.texts, ['line 0', 'nodes']);
  clock.advance(MESSAGE_PAUSE_MS * LINES_WAITING);
  t.is(page.texts.length, 2 + LINES_WAITING);
  t.is(page.texts[2], 'line 11');
});

test('nothing more is sent to a page while its last message is pending; then the newest is', (t) => {
  const { clock, page, feed } = feedOf();
  page.reads = false;
  for (const text of ['a', 'b', 'c']) {
    feed.setState('picture', bytes(text));
    clock.advance(1000);
  }
  t.deepEqual(page.texts, ['a']);
  page.readAgain();
  clock.advance(MESSAGE_PAUSE_MS);
  t.deepEqual(page.texts, ['a', 'c']);
});

test('a closed feed sends nothing more', (t) => {
  const { clock, page, feed } = feedOf();
  for (const text of ['a', 'b']) feed.addLine(bytes(text));
  feed.close();
  clock.advance(1000);
  feed.addLine(bytes('c'));
  t.deepEqual(page.texts, ['a']);
});

async function monitorOf(generation: MonitorGeneration) {
  const fixture = await NetworkFixture.up();
  const { clock, hub } = fixture;
  let described = 0;
  const nodes = hub.picture.nodes.bind(hub.picture);
  Object.assign(hub.picture, {
    nodes: () => {
      described++;
      return nodes();
    },
  });
  const monitor = new Monitor({ hub, clock, generation, hasListener: () => false });
  const join = () => {
    const page = new FakePage(clock);
    monitor.add(page.send, page.tally);
    return page;
  };
  return { ...fixture, clock, fixture, join, described: () => described };
}

test('v1: the three states are repeated every few seconds, one by one', async (t) => {
  const { clock, join } = await monitorOf('v1');
  const page = join();
  clock.advance(1000);
  const first = page.texts.filter((text) => text.includes('networkStatus'));
  page.messages.length = 0;
  clock.advance(5000);
  t.deepEqual(page.texts.slice(0, 3), first);
  t.is(first.length, 3);
  t.true(page.pauses.every((pause) => pause >= 50));
});

test('v1: while lines come faster than they can be sent, states still arrive', async (t) => {
  const { clock, fixture, join } = await monitorOf('v1');
  const page = join();
  for (let round = 0; round < 500; round++) {
    fixture.say(`${word(5)} 45 ${word(round)}`);
    clock.advance(10);
  }
  const nodes = page.texts.filter((text) => text.includes('Node-5') && text.includes('nodeStatus'));
  t.true(nodes.length >= 2, `${nodes.length}`);
  t.true(page.pauses.every((pause) => pause >= 50));
  t.true(page.tally.dropped > 300, `${page.tally.dropped}`);
});

test('v2: the complete state is repeated every few seconds, built once for all pages', async (t) => {
  const { clock, fixture, join, described } = await monitorOf('v2');
  fixture.say(netInfo(5, 6));
  const pages = [join(), join(), join()];
  clock.advance(1000);
  for (const { messages } of pages) messages.length = 0;
  const before = described();
  clock.advance(7000);
  t.is(described(), before);
  const texts = pages.flatMap(({ messages }) => messages.map(({ text }) => text));
  t.true(texts.length >= 6, `${texts.length}`);
  t.is(new Set(texts).size, 1);
});

test('v2: nodes with one uuid have different keys, which stay when other nodes change', async (t) => {
  const { clock, fixture, join } = await monitorOf('v2');
  const uuid = '32100000000000000000000000000008';
  const says = (address: string) => `${address} 02 ${uuid.replace(/..(?=.)/g, '$& ')}`;
  const keys = () => {
    const page = join();
    clock.advance(1000);
    const { nodes } = JSON.parse(page.texts.at(-1) ?? '') as { nodes: { address: number; uuid: string }[] };
    return Object.fromEntries(nodes.map(({ address, uuid }) => [address, uuid]));
  };
  fixture.say(says('00 09'), says('00 05'), says('00 07'));
  const before = keys();
  t.deepEqual(before, { 5: uuid, 7: `${uuid}0007`, 9: `${uuid}0009` });
  fixture.say('00 08 45 01', says('00 07'));
  t.deepEqual(keys(), { ...before, 8: '0008' });
});

test('v2: a node without a known uuid has a unique key, which no uuid equals', async (t) => {
  const { fixture, join } = await monitorOf('v2');
  const zeros = `00 00 01 01 00 07 ${'00 '.repeat(16).trim()}`;
  fixture.say('00 05 45 01', '00 06 45 01', zeros, netInfo(8));
  const keysOf = (text = '') =>
    (JSON.parse(text) as { nodes: { uuid: string }[] }).nodes.map(({ uuid }) => uuid);
  t.deepEqual(keysOf(join().texts[0]), ['0005', '0006', '0007', '32100000000000000000000000000008']);
});
