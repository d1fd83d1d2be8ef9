import test from 'ava';
import { EventFeed } from '../../src/hub/event-feed.js';
import type { HubEvent } from '../../src/hub/hub.js';
import { ManualClock } from '../support/manual-clock.js';

function seqs({ events }: { readonly events: readonly HubEvent[] }): number[] {
  return events.map(({ seq }) => seq);
}

function publish(feed: EventFeed, amount: number): void {
  for (let index = 0; index < amount; index++) feed.publish({ kind: 'console', line: String(index) });
}

test('events are numbered one by one from one counter, and dated by the host clock', (t) => {
  const clock = new ManualClock(1000);
  const feed = new EventFeed(clock, 10);
  const first = feed.publish({ kind: 'console', line: 'a' });
  clock.advance(5);
  const second = feed.publish({ kind: 'robots', robots: [] });
  t.is(second.seq, first.seq + 1);
  t.deepEqual([first.at, second.at], [1000, 1005]);
  t.is(feed.lastSeq(), second.seq);
});

test('every listener gets every event from its subscription until it unsubscribes', (t) => {
  const feed = new EventFeed(new ManualClock(), 10);
  const heard: string[] = [];
  const unsubscribeA = feed.subscribe(({ seq }) => heard.push(`a${seq - start}`));
  const start = feed.lastSeq();
  publish(feed, 1);
  feed.subscribe(({ seq }) => heard.push(`b${seq - start}`));
  publish(feed, 1);
  unsubscribeA();
  publish(feed, 1);
  t.deepEqual(heard, ['a1', 'a2', 'b2', 'b3']);
});

test('a listener may leave during a notification', (t) => {
  const feed = new EventFeed(new ManualClock(), 10);
  const heard: string[] = [];
  const unsubscribe = feed.subscribe(() => {
    heard.push('a');
    unsubscribe();
  });
  feed.subscribe(() => heard.push('b'));
  publish(feed, 2);
  t.deepEqual(heard, ['a', 'b', 'b']);
});

test('events still held after a number are replayed, complete and in order', (t) => {
  const feed = new EventFeed(new ManualClock(), 5);
  const start = feed.lastSeq();
  publish(feed, 5);
  t.deepEqual(
    seqs(feed.replay(start)),
    [1, 2, 3, 4, 5].map((n) => start + n),
  );
  t.is(feed.replay(start).gone, undefined);
  t.deepEqual(seqs(feed.replay(start + 3)), [start + 4, start + 5]);
  t.deepEqual(feed.replay(start + 5), { events: [], gone: undefined });
});

test('events no longer held are reported as the exact range', (t) => {
  const feed = new EventFeed(new ManualClock(), 5);
  const start = feed.lastSeq();
  publish(feed, 12);
  const { events, gone } = feed.replay(start + 2);
  t.deepEqual(gone, { from: start + 3, to: start + 7 });
  t.deepEqual(
    events.map(({ seq }) => seq - start),
    [8, 9, 10, 11, 12],
  );
  t.is(feed.replay(start + 7).gone, undefined);
  t.deepEqual(feed.replay(start + 6).gone, { from: start + 7, to: start + 7 });
});

test('a replay with a limit returns the first of them, and continues after the last one returned', (t) => {
  const feed = new EventFeed(new ManualClock(), 5);
  const start = feed.lastSeq();
  publish(feed, 7);
  const { events, gone } = feed.replay(start, 2);
  t.deepEqual(gone, { from: start + 1, to: start + 2 });
  t.deepEqual(seqs({ events }), [start + 3, start + 4]);
  t.deepEqual(seqs(feed.replay(start + 4, 2)), [start + 5, start + 6]);
});

test('a later run begins above every number of the run before', (t) => {
  const clock = new ManualClock();
  const earlier = new EventFeed(clock, 10);
  publish(earlier, 99);
  clock.advance(1);
  const later = new EventFeed(clock, 10);
  const { seq } = later.publish({ kind: 'console', line: '' });
  t.true(seq > earlier.lastSeq());
  const { events, gone } = later.replay(earlier.lastSeq());
  t.deepEqual(gone, { from: earlier.lastSeq() + 1, to: seq - 1 });
  t.deepEqual(seqs({ events }), [seq]);
});

test('a number above all those assigned means that the numbering has restarted: all held events are replayed', (t) => {
  const clock = new ManualClock();
  const feed = new EventFeed(clock, 3);
  publish(feed, 5);
  const { events, gone } = feed.replay(feed.lastSeq() + 100);
  t.deepEqual(gone, { from: feed.lastSeq() + 101, to: null });
  t.is(events.length, 3);
});

test('a file of an earlier run that is read late does not lower the numbering, and its events can be resumed from', (t) => {
  const feed = new EventFeed(new ManualClock(10), 10);
  publish(feed, 2);
  const first = feed.lastSeq() - 1;
  const events: HubEvent[] = [{ seq: 7, at: 1, kind: 'console', line: 'before' }];
  t.is(feed.join({ nextSeq: 8, endedInOrder: true, events }), 0);
  t.deepEqual(seqs(feed.replay(6)), [7]);
  t.deepEqual(feed.replay(7).gone, { from: 8, to: first - 1 });
  t.deepEqual(seqs(feed.replay(7)), [first, first + 1]);
});

test('when the clock was slow compared with the earlier run, the numbering continues above both, with one exact gap', (t) => {
  const feed = new EventFeed(new ManualClock(10), 10);
  publish(feed, 3);
  const last = feed.lastSeq();
  const by = feed.join({ nextSeq: 50_000, endedInOrder: true, events: [] });
  t.is(last - 2 + by, 50_000, 'the first of this run is stored right after the last of the file');
  publish(feed, 1);
  t.is(feed.lastSeq(), last + by + 1);
  t.deepEqual(feed.replay(last).gone, { from: last + 1, to: last + by });
  t.deepEqual(feed.replay(49_999).gone, { from: 50_000, to: last + by });
});
