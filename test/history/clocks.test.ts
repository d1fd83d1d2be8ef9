import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import type { Database } from '../../src/history/database.js';
import { gpsEvent, sequenceEvent } from '../support/history-events.js';
import { DAY_MS, removeStores, StoreFixture, sqlite } from '../support/store-fixture.js';

test.after.always(removeStores);

const NOW = Date.UTC(2026, 5, 1);
const KEEP_DAYS = 10;

/** Years by which the host clock is wrong. */
const CLOCKS = { right: 0, behind: -10, ahead: 10 } as const;
type HostClock = keyof typeof CLOCKS;

/** Two values in each block of what is deleted together. */
const VALUES_A_DAY = 12;

/** A store, and a mesh whose node 5 sends values evenly. */
class Site {
  readonly store = new StoreFixture({ keepMs: KEEP_DAYS * DAY_MS }, undefined, NOW);
  #seq = 0;
  #passed = 0;
  #reader: Database | undefined;

  set(clock: HostClock): void {
    this.store.clock.setHostClock(NOW + this.#passed + CLOCKS[clock] * 365 * DAY_MS);
  }

  /** Days of running; values are labelled with the number of their part. */
  run(days: number, part: number): void {
    for (let count = 0; count < days * VALUES_A_DAY; count++) {
      this.store.write(sequenceEvent(++this.#seq, 5, part, this.store.clock.now()));
      this.pass(DAY_MS / VALUES_A_DAY);
    }
  }

  pass(ms: number): void {
    this.#passed += ms;
    this.store.clock.advance(ms);
    this.store.tidy();
  }

  restart(): void {
    this.#reader?.close();
    this.#reader = undefined;
    this.store.restart(this.#seq);
  }

  /** The parts that still have values. */
  parts(): string {
    const rows = this.#query('SELECT DISTINCT hex(bytes) AS part FROM value ORDER BY 1') as {
      part: string;
    }[];
    return rows.map(({ part }) => Number.parseInt(part, 16)).join(' ');
  }

  count(): number {
    return (this.#query('SELECT count(*) AS count FROM value') as { count: number }[])[0]?.count ?? 0;
  }

  /** On one connection: libsql needs a whole garbage collection to close one. */
  #query(sql: string): unknown[] {
    this.#reader ??= sqlite.open(this.store.file, { isReadOnly: true });
    return this.#reader.prepare(sql).all();
  }
}

const NAMES = Object.keys(CLOCKS) as HostClock[];

for (const before of NAMES) {
  for (const during of NAMES) {
    for (const after of NAMES) {
      test(`clock ${before} before a restart, ${during} at it, ${after} after: values are kept for their days, and removed in order of arrival`, (t) => {
        const site = new Site();
        site.set(before);
        site.run(2, 1);
        site.set(during);
        site.restart();
        site.run(2, 2);
        site.set(after);
        site.run(2, 3);
        site.restart();
        t.is(site.count(), 6 * VALUES_A_DAY, 'nothing went');
        site.pass((KEEP_DAYS - 6) * DAY_MS);
        t.is(site.count(), 6 * VALUES_A_DAY, 'the first is kept for its days');
        site.pass(DAY_MS / 2);
        const seen = Array.from({ length: 7 }, () => {
          const parts = site.parts();
          site.pass(DAY_MS);
          return parts;
        });
        t.deepEqual(seen, ['1 2 3', '1 2 3', '2 3', '2 3', '3', '3', '']);
        t.is(site.count(), 0);
      });
    }
  }
}

test('a single value stamped years ahead does not make a file that is too large lose more than a small share', (t) => {
  for (const years of [10, -10]) {
    const fixture = new StoreFixture({ maxBytes: 1_048_576, eventsHeld: 100 }, undefined, NOW);
    let seq = 0;
    for (let round = 0; round < 200; round++) {
      const at = fixture.clock.now();
      fixture.write(...Array.from({ length: 100 }, (_, node) => gpsEvent(++seq, node + 5, round, node, at)));
      if (round === 100) fixture.write(sequenceEvent(++seq, 5, 1, at + years * 365 * DAY_MS));
      fixture.clock.advance(60_000);
    }
    const before = stamps(fixture);
    fixture.tidy();
    const after = stamps(fixture);
    t.true(after.length > before.length / 2, `${after.length} of ${before.length}`);
    t.true(after.length < before.length);
    const usual = (all: readonly number[]) => all.filter((at) => Math.abs(at - NOW) < DAY_MS);
    const kept = usual(before).slice(-usual(after).length);
    t.is(kept.length, usual(after).length);
    // ava compares lists of thousands slowly.
    t.true(
      usual(after).every((at, index) => at === kept[index]),
      'only the first to arrive are removed',
    );
  }
});

function stamps(fixture: StoreFixture): number[] {
  return (fixture.query('SELECT received_at AS at FROM value ORDER BY at') as { at: number }[]).map(
    ({ at }) => at,
  );
}

/** 25 days of three nodes; three values stamped 2016, before the first answer of a time server; one stamped 2036. */
const OLD_FILE = join(packageRoot, 'test', 'history', 'history-0.1.0.db');

test('a file of version 0.1.0 is continued: nothing is removed at once, and everything in time, oldest first', (t) => {
  const fixture = new StoreFixture({ keepMs: 30 * DAY_MS }, (file) => copyFileSync(OLD_FILE, file), NOW);
  t.is(fixture.restored()?.nodes.length, 3);
  const before = stamps(fixture);
  t.is(before.length, 454);
  fixture.tidy();
  t.deepEqual(stamps(fixture), before);
  fixture.clock.advance(10 * DAY_MS);
  fixture.tidy();
  const after = stamps(fixture);
  t.true(after.length < before.length && after.length > before.length * 0.7, `${after.length}`);
  t.deepEqual(after.slice(0, 3), before.slice(0, 3), 'of 2016: they came while the clock was wrong');
  t.deepEqual(after.slice(3), before.slice(-after.length + 3), 'the oldest by stamp went first');
  fixture.restart(NOW * 100);
  fixture.clock.advance(21 * DAY_MS);
  fixture.tidy();
  t.deepEqual(stamps(fixture), []);
});

test('the last robot list is the one that arrived last, whatever the clock said', (t) => {
  const fixture = new StoreFixture({}, undefined, NOW);
  fixture.write({ seq: 1, at: NOW + 3650 * DAY_MS, kind: 'robots', robots: [] });
  const robots = [{ id: 1, name: 'r', state: 'idle', node: 'Node-5' }];
  fixture.write({ seq: 2, at: NOW, kind: 'robots', robots });
  fixture.restart(2);
  t.deepEqual(fixture.restored()?.robots, robots);
});

test('the file set aside last is kept, even if a slow clock gives it an earlier name', (t) => {
  const fixture = new StoreFixture({}, undefined, NOW);
  for (let count = 0; count < 3; count++) {
    fixture.clock.advance(1000);
    fixture.store.replace('for the test');
  }
  fixture.clock.setHostClock(0);
  fixture.store.replace('for the test');
  const reported = fixture.reported.findLast(({ kind }) => kind === 'setAside');
  t.is(reported?.kind === 'setAside' && fixture.files().includes(reported.file), true);
});
