import { rmSync } from 'node:fs';
import test from 'ava';
import { ReadConnection } from '../../src/history/read-connection.js';
import { type Connection, ReadTurns } from '../../src/history/read-turns.js';
import type { Answer, FromReader, Question } from '../../src/history/thread-messages.js';
import { gpsEvent } from '../support/history-events.js';
import { removeStores, StoreFixture, sqlite } from '../support/store-fixture.js';
import { shippedTables } from '../support/tables.js';

test.after.always(removeStores);

const NOTHING: Answer = { kind: 'buckets', buckets: [], undecoded: 0 };

function question(slices: number): Question {
  return { kind: 'buckets', query: { node: 5, typeId: 1, from: 0, to: slices }, bucketMs: 1 };
}

/** Takes as many slices as the query's `to` says; fails as often as the test says. */
class ScriptedConnection implements Connection {
  closed = 0;
  failures = 0;

  *run(asked: Question) {
    if (this.failures-- > 0) throw new Error('disk I/O error');
    const slices = asked.kind === 'buckets' ? asked.query.to : 0;
    for (let slice = 1; slice < slices; slice++) yield;
    return NOTHING;
  }

  close(): void {
    this.closed++;
  }
}

function workOff(turns: ReadTurns): void {
  while (!turns.isIdle) turns.step();
}

function fixture() {
  const replies: FromReader[] = [];
  const connection = new ScriptedConnection();
  return { replies, connection, turns: new ReadTurns(connection, (message) => replies.push(message)) };
}

test('clients take turns: a short read is answered before the long ones of another client', (t) => {
  const { replies, turns } = fixture();
  turns.add(1, 'greedy', question(100));
  turns.add(2, 'greedy', question(100));
  turns.add(3, 'modest', question(2));
  turns.add(4, 'modest', question(1));
  workOff(turns);
  t.deepEqual(
    replies.map(({ id }) => id),
    [3, 4, 1, 2],
  );
});

test('a read that nobody waits for is dropped between two slices', (t) => {
  const { replies, turns } = fixture();
  turns.add(1, 'a', question(1000));
  turns.add(2, 'a', question(1));
  turns.step();
  turns.cancel(1);
  workOff(turns);
  t.deepEqual(replies, [{ kind: 'answer', id: 2, answer: NOTHING }]);
});

test('a read that fails is retried on a new connection, and finally refused with the reason', (t) => {
  const { replies, turns, connection } = fixture();
  connection.failures = 1;
  turns.add(1, 'a', question(1));
  workOff(turns);
  t.is(connection.closed, 1);
  connection.failures = 99;
  turns.add(2, 'a', question(1));
  workOff(turns);
  t.deepEqual(replies, [
    { kind: 'answer', id: 1, answer: NOTHING },
    { kind: 'refusal', id: 2, why: 'disk I/O error' },
  ]);
});

test('a reader follows the file: it reads the new one after damage, and refuses while there is none', (t) => {
  const store = new StoreFixture();
  const replies: FromReader[] = [];
  const connection = new ReadConnection({
    driver: sqlite,
    file: store.file,
    dataTypes: shippedTables.dataTypes,
  });
  t.teardown(() => connection.close());
  const turns = new ReadTurns(connection, (message) => replies.push(message));
  const countAsked = () => {
    turns.add(1, 'a', {
      kind: 'buckets',
      query: { node: 5, typeId: 1, from: 0, to: 1e6 },
      bucketMs: 1e6,
    });
    workOff(turns);
    const last = replies.at(-1);
    if (last?.kind === 'refusal') return last.why;
    return last?.answer.kind === 'buckets' ? (last.answer.buckets[0]?.count ?? 0) : undefined;
  };
  store.write(gpsEvent(1, 5, 1, 2, 10), gpsEvent(2, 5, 1, 2, 20));
  t.is(countAsked(), 2);
  store.store.replace('damaged, says the test');
  t.is(countAsked(), 0);
  store.write(gpsEvent(3, 5, 1, 2, 30));
  t.is(countAsked(), 1);
  for (const suffix of ['', '-wal', '-shm']) rmSync(store.file + suffix, { force: true });
  t.regex(String(countAsked()), /ENOENT/);
});

test('buckets over many slices equal those of one slice', (t) => {
  const store = new StoreFixture();
  const events = Array.from({ length: 12_345 }, (_, index) =>
    // Some come at the same moment, also at the end of a slice.
    gpsEvent(index + 1, 5, index, -index, Math.floor(index / 7) * 10),
  );
  store.write(...events);
  const answer = store.answer({
    kind: 'buckets',
    query: { node: 5, typeId: 1, from: 0, to: 1e9 },
    bucketMs: 1e9,
  });
  t.deepEqual(answer, {
    kind: 'buckets',
    undecoded: 0,
    buckets: [
      {
        at: 0,
        count: 12_345,
        fields: {
          longitude: { min: 0, max: 12.344, mean: 6.172, last: 12.344 },
          latitude: { min: -12.344, max: 0, mean: -6.172, last: -12.344 },
        },
      },
    ],
  });
});
