import test from 'ava';
import type { HubEvent } from '../../src/hub/hub.js';
import { gpsEvent, sequenceEvent } from '../support/history-events.js';
import { DAY_MS, removeStores, StoreFixture } from '../support/store-fixture.js';

test.after.always(removeStores);

const NOW = Date.UTC(2026, 5, 1);

function receivedTimes(fixture: StoreFixture): number[] {
  const rows = fixture.query('SELECT received_at AS at FROM value ORDER BY received_at') as { at: number }[];
  return rows.map(({ at }) => at);
}

function countOf(fixture: StoreFixture, table: string): number {
  return (fixture.query(`SELECT count(*) AS count FROM ${table}`) as { count: number }[])[0]?.count ?? 0;
}

test('values and events older than the limit are removed', (t) => {
  const fixture = new StoreFixture({ keepMs: 10 * DAY_MS }, undefined, NOW);
  for (const [index, day] of [0, 1, 3, 11].entries()) {
    const at = NOW + day * DAY_MS;
    fixture.clock.advance(at - fixture.clock.now());
    const event: HubEvent = { seq: 2 * index + 1, at, kind: 'console', line: 'x' };
    fixture.write(sequenceEvent(2 * index, 5, day, at), event);
  }
  fixture.clock.advance(DAY_MS);
  fixture.tidy();
  t.deepEqual(receivedTimes(fixture), [NOW + 3 * DAY_MS, NOW + 11 * DAY_MS]);
  t.is(countOf(fixture, 'event'), 2);
});

test('a host clock that jumps ahead removes nothing; age is counted by the time that the process runs', (t) => {
  const fixture = new StoreFixture({ keepMs: 10 * DAY_MS }, undefined, NOW);
  fixture.write(sequenceEvent(1, 5, 1, NOW));
  fixture.reopen();
  fixture.clock.setHostClock(NOW + 3650 * DAY_MS);
  fixture.tidy();
  t.is(receivedTimes(fixture).length, 1);
  fixture.clock.advance(9 * DAY_MS);
  fixture.tidy();
  t.is(receivedTimes(fixture).length, 1);
  fixture.clock.advance(2 * DAY_MS);
  fixture.tidy();
  t.is(receivedTimes(fixture).length, 0);
});

test('a gateway that was off for long keeps its history when it starts', (t) => {
  const fixture = new StoreFixture({ keepMs: 10 * DAY_MS }, undefined, NOW);
  fixture.write(sequenceEvent(1, 5, 1, NOW));
  fixture.clock.setHostClock(NOW + 100 * DAY_MS);
  fixture.reopen();
  fixture.tidy();
  t.is(receivedTimes(fixture).length, 1);
});

test('a clock that is set back to 1970 removes nothing', (t) => {
  const fixture = new StoreFixture({ keepMs: DAY_MS }, undefined, NOW);
  fixture.write(sequenceEvent(1, 5, 1, NOW));
  fixture.clock.setHostClock(0);
  fixture.reopen();
  fixture.tidy();
  t.is(receivedTimes(fixture).length, 1);
});

test('a file that is too large loses its oldest values, over all nodes, until it is small enough', (t) => {
  const maxBytes = 1_048_576;
  const fixture = new StoreFixture({ maxBytes, eventsHeld: 100 }, undefined, NOW);
  let seq = 0;
  for (let round = 0; round < 200; round++) {
    const at = NOW - (200 - round) * 60_000;
    fixture.write(...Array.from({ length: 100 }, (_, node) => gpsEvent(++seq, node + 5, round, node, at)));
  }
  const before = receivedTimes(fixture);
  fixture.tidy();
  const after = receivedTimes(fixture);
  t.true(
    after.length < before.length && after.length > before.length / 10,
    `${after.length} of ${before.length}`,
  );
  t.deepEqual(after, before.slice(-after.length), 'only the oldest are removed');
  const [size] = fixture.query(
    'SELECT (page_count - freelist_count) * page_size AS used FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
  ) as { used: number }[];
  t.true((size?.used ?? 0) <= maxBytes, `${size?.used} bytes in use`);
});
