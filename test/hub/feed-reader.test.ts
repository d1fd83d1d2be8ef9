import test from 'ava';
import { EventFeed } from '../../src/hub/event-feed.js';
import { FeedReader, type ReaderPolicy } from '../../src/hub/feed-reader.js';
import type { HubEventContent } from '../../src/hub/hub.js';
import { ManualClock } from '../support/manual-clock.js';
import { shippedTables } from '../support/tables.js';

const { dataTypes } = shippedTables;

function value(node: number, typeId: number): HubEventContent {
  const type = dataTypes.findById(typeId);
  if (!type) throw new Error(`there is no type ${typeId}`);
  return { kind: 'value', node, type, value: { bytes: Buffer.alloc(2), receivedAt: 0 } };
}

function start(held: number, policy?: ReaderPolicy) {
  const feed = new EventFeed(new ManualClock(), held);
  const first = feed.lastSeq() + 1;
  const reader = new FeedReader(feed, feed.lastSeq(), policy);
  const publish = (amount: number) => {
    for (let index = 0; index < amount; index++) feed.publish({ kind: 'console', line: String(index) });
  };
  /** One batch, with its numbers counted from the first event. */
  const read = (limit?: number) => {
    const { events, gap, coalesced } = reader.read(limit);
    const range = gap && [gap.from - first, gap.to === null ? null : gap.to - first];
    return { gap: range, events: events.map(({ seq }) => seq - first), coalesced };
  };
  return { feed, first, reader, publish, read };
}

test('a reader begins after the last event unless a number is given, and reads in order, a limit at a time', (t) => {
  const { feed, reader, publish, read } = start(10);
  publish(5);
  t.is(new FeedReader(feed).pending, 0);
  t.is(reader.pending, 5);
  t.deepEqual(read(3), { gap: undefined, events: [0, 1, 2], coalesced: 0 });
  t.deepEqual(read(3).events, [3, 4]);
  t.deepEqual(read(), { gap: undefined, events: [], coalesced: 0 });
  publish(1);
  t.deepEqual(read().events, [5]);
});

test('oldest: events dropped by the ring are a gap, once, followed by those it holds', (t) => {
  const { reader, first, publish, read } = start(4);
  publish(10);
  t.deepEqual(read(), { gap: [0, 5], events: [6, 7, 8, 9], coalesced: 0 });
  t.is(reader.readTo, first + 9);
  t.deepEqual(read(), { gap: undefined, events: [], coalesced: 0 });
});

test('a gap can be skipped before anything is read, and is not reported again', (t) => {
  const { reader, first, publish, read } = start(4);
  t.is(reader.skipGap(), undefined);
  publish(10);
  t.deepEqual(reader.skipGap(), { from: first, to: first + 5 });
  t.is(reader.readTo, first + 5);
  t.deepEqual(read().gap, undefined);
});

test('events are read again after going back', (t) => {
  const { reader, first, publish, read } = start(10);
  publish(4);
  read();
  reader.rewind(first + 1);
  t.deepEqual(read().events, [2, 3]);
});

test('a gap in the numbers of earlier runs is reported separately, and the events after it follow', (t) => {
  const { feed, first, reader, publish, read } = start(10);
  const past = [0, 1, 4, 5].map((index) => ({
    seq: first + index,
    at: 0,
    kind: 'console' as const,
    line: '',
  }));
  feed.continueFrom({ nextSeq: first + 8, endedInOrder: true, events: past });
  reader.rewind(first - 1);
  publish(1);
  t.deepEqual(read(), { gap: undefined, events: [0, 1], coalesced: 0 });
  t.deepEqual(read(), { gap: [2, 3], events: [4, 5], coalesced: 0 });
  t.deepEqual(read(), { gap: [6, 7], events: [8], coalesced: 0 });
});

for (const policy of [
  { kind: 'oldest' },
  { kind: 'newest', maxPending: 3 },
  { kind: 'latestOnly' },
] as const) {
  test(`${policy.kind}: where the numbering restarted lower, the gap has no end, and reading continues`, (t) => {
    const { feed, first, publish } = start(10);
    publish(2);
    const reader = new FeedReader(feed, first + 1000, policy);
    t.deepEqual(reader.skipGap(), { from: first + 1001, to: null });
    t.is(reader.readTo, first - 1);
    reader.rewind(first + 1000);
    const { gap, events } = reader.read();
    t.deepEqual(gap, { from: first + 1001, to: null });
    t.deepEqual(
      events.map(({ seq }) => seq - first),
      [0, 1],
    );
    publish(1);
    t.is(reader.read().gap, undefined);
  });
}

test('where the numbering restarted lower and nothing has happened since, the next event comes', (t) => {
  const { feed, first, publish } = start(10);
  const reader = new FeedReader(feed, first + 1000);
  t.deepEqual(reader.read(), { gap: { from: first + 1001, to: null }, events: [], coalesced: 0 });
  publish(1);
  t.is(reader.read().events[0]?.seq, first);
});

test('newest: a reader that has fallen too far back skips to the newest, and gets the skipped range as a gap', (t) => {
  const { publish, read } = start(10, { kind: 'newest', maxPending: 3 });
  publish(3);
  t.deepEqual(read(2), { gap: undefined, events: [0, 1], coalesced: 0 });
  publish(5);
  t.deepEqual(read(), { gap: [2, 4], events: [5, 6, 7], coalesced: 0 });
});

test('newest: events skipped and events dropped by the ring are one gap', (t) => {
  const { publish, read } = start(4, { kind: 'newest', maxPending: 6 });
  publish(20);
  t.deepEqual(read(), { gap: [0, 15], events: [16, 17, 18, 19], coalesced: 0 });
});

test('latestOnly: only the latest value of each node and type, and all other events', (t) => {
  const { feed, publish, read } = start(20, { kind: 'latestOnly' });
  const [one, other] = dataTypes.all();
  for (const node of [5, 6, 5]) feed.publish(value(node, one?.id ?? 0));
  publish(1);
  feed.publish(value(5, other?.id ?? 0));
  feed.publish(value(5, one?.id ?? 0));
  t.deepEqual(read(), { gap: undefined, events: [1, 3, 4, 5], coalesced: 2 });
  t.deepEqual(read(), { gap: undefined, events: [], coalesced: 0 });
});

test('latestOnly: a value is omitted for a newer one even beyond the limit', (t) => {
  const { feed, publish, read } = start(20, { kind: 'latestOnly' });
  const id = dataTypes.all()[0]?.id ?? 0;
  feed.publish(value(5, id));
  publish(3);
  feed.publish(value(5, id));
  t.deepEqual(read(2), { gap: undefined, events: [1, 2], coalesced: 1 });
  t.deepEqual(read(2), { gap: undefined, events: [3, 4], coalesced: 0 });
});

test('an event taken live counts as read; unused numbers before it are a gap', (t) => {
  const { feed, first, reader, publish, read } = start(10);
  const unsubscribe = feed.subscribe((event) => t.is(reader.follow(event), undefined));
  publish(2);
  unsubscribe();
  t.deepEqual(read().events, []);
  feed.join({ nextSeq: first + 5, endedInOrder: true, events: [] });
  const gaps: unknown[] = [];
  feed.subscribe((event) => gaps.push(reader.follow(event)));
  publish(1);
  t.deepEqual(gaps, [{ from: first + 2, to: first + 6 }]);
  t.is(reader.readTo, first + 7);
});
