import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { HubEvent } from '../../src/hub/hub.js';
import { gpsEvent, sequenceEvent } from '../support/history-events.js';
import { removeStores, StoreFixture, sqlite } from '../support/store-fixture.js';
import { shippedTables } from '../support/tables.js';

test.after.always(removeStores);

/** Files beside the store, without those that belong to it while it is open. */
function setAside({ folder }: StoreFixture): string[] {
  return readdirSync(folder).filter((name) => name.includes('.damaged-') && !/-(wal|shm)$/.test(name));
}

/** A store with some hundred pages, as left by a process that ended cleanly. */
const FILLED = fillStore();

function fillStore(): Buffer {
  const fixture = new StoreFixture();
  for (let batch = 0; batch < 20; batch++) {
    fixture.write(
      ...Array.from({ length: 500 }, (_, index) =>
        gpsEvent(batch * 500 + index + 1, 5 + (index % 40), 1, 2, batch),
      ),
    );
  }
  fixture.store.close(10_000);
  return readFileSync(fixture.file);
}

/** The same with some of its bytes changed, opened again. */
function damaged(bytes: Buffer): StoreFixture {
  return new StoreFixture({}, (file) => writeFileSync(file, bytes));
}

const NOT_OURS: Readonly<Record<string, (file: string) => void>> = {
  text: (file) => writeFileSync(file, 'this was never a database\n'.repeat(100)),
  zeros: (file) => writeFileSync(file, Buffer.alloc(10_000)),
  'another program’s SQLite file': (file) => {
    const database = sqlite.open(file);
    database.exec('CREATE TABLE theirs (x)');
    database.close();
  },
  'a store of a later version': (file) => {
    const database = sqlite.open(file);
    database.exec('PRAGMA application_id = 0x6d657368');
    database.exec('PRAGMA user_version = 99');
    database.close();
  },
};

for (const [what, make] of Object.entries(NOT_OURS)) {
  test(`${what} in place of the store is set aside, and a new store created`, (t) => {
    const fixture = new StoreFixture({}, make);
    fixture.write(sequenceEvent(1, 5, 1, 1));
    t.is(fixture.query('SELECT * FROM value').length, 1);
    t.is(setAside(fixture).length, 1);
    t.is(fixture.reported[0]?.kind, 'setAside');
  });
}

test('an empty file is a new store', (t) => {
  const fixture = new StoreFixture({}, (file) => writeFileSync(file, ''));
  fixture.write(sequenceEvent(1, 5, 1, 1));
  t.deepEqual(setAside(fixture), []);
});

test('a truncated store is set aside at the start, or when the damage is found', (t) => {
  t.true(FILLED.length > 200_000);
  const fixture = damaged(FILLED.subarray(0, 20_000));
  fixture.write(
    ...Array.from({ length: 400 }, (_, index) => gpsEvent(20_000 + index, 5 + (index % 40), 1, 2, 99)),
  );
  fixture.store.writeWaiting();
  t.is(setAside(fixture).length, 1);
  t.is(fixture.query('SELECT * FROM value').length, 400, 'later events are in the new store');
});

test('a store with changed bytes is continued or set aside, and stores new events in any case', (t) => {
  for (let place = 0; place < 40; place++) {
    const bytes = Buffer.from(FILLED);
    const start = Math.floor((place * bytes.length) / 40);
    bytes.fill(0xa5, start, start + 3000);
    const fixture = damaged(bytes);
    const events = Array.from({ length: 400 }, (_, index) =>
      gpsEvent(20_000 + index, 5 + (index % 40), 1, 2, 99),
    );
    fixture.write(...events);
    fixture.store.writeWaiting();
    const written = fixture.reported.filter(({ kind }) => kind === 'written').length;
    t.is(written, 1, `place ${place}: ${JSON.stringify(fixture.reported)}`);
    fixture.store.close(30_000);
  }
});

test('the last two of the files set aside are kept', (t) => {
  const fixture = new StoreFixture({}, NOT_OURS.text);
  for (let again = 0; again < 4; again++) {
    fixture.clock.advance(1000);
    fixture.store.replace('for the test');
  }
  t.is(setAside(fixture).length, 2);
});

test('a full disk: it is reported once, new events wait and are written when there is room again', (t) => {
  const fixture = new StoreFixture();
  fixture.write(sequenceEvent(1, 5, 1, 1));
  fixture.limitPages(fixture.pageCount());
  for (let batch = 0; batch < 5; batch++) {
    fixture.write(
      ...Array.from({ length: 300 }, (_, index) => gpsEvent(2 + batch * 300 + index, 6, 1, 2, batch)),
    );
  }
  t.deepEqual(
    fixture.reported.map(({ kind }) => kind),
    ['written', 'failing'],
  );
  t.is(fixture.values({ kind: 'read', query: { from: 0, to: 99 }, limit: 9, after: undefined }).length, 1);
  fixture.limitPages(undefined);
  fixture.store.writeWaiting();
  t.deepEqual(fixture.reported.map(({ kind }) => kind).slice(2), [...Array(5).fill('written'), 'recovered']);
  t.is(fixture.query('SELECT * FROM value').length, 1501);
});

const BATCHES = 40;
const EVENTS = 1000;

/** All of them are some megabytes more than may wait. */
function largeEvent(seq: number): HubEvent {
  const type = shippedTables.dataTypes.findByName('GPS');
  if (!type) throw new Error('data-types.json has lost GPS');
  return { seq, at: 7, kind: 'value', node: 6, type, value: { receivedAt: 7, bytes: Buffer.alloc(1000) } };
}

test('a disk that stays full costs the oldest waiting events, and each is counted', (t) => {
  const fixture = new StoreFixture();
  fixture.write(sequenceEvent(1, 5, 1, 1));
  fixture.limitPages(fixture.pageCount());
  for (let count = 0; count < BATCHES; count++) {
    fixture.write(...Array.from({ length: EVENTS }, (_, index) => largeEvent(2 + count * EVENTS + index)));
  }
  const dropped = fixture.reported.flatMap((reported) =>
    reported.kind === 'dropped' ? [reported.events] : [],
  );
  t.true(dropped.length > 0);
  t.true(dropped.every((events) => events === EVENTS));
  fixture.limitPages(undefined);
  fixture.store.writeWaiting();
  const lost = dropped.reduce((sum, events) => sum + events, 0);
  const [row] = fixture.query('SELECT count(*) AS count FROM value') as { count: number }[];
  t.is((row?.count ?? 0) + lost, 1 + BATCHES * EVENTS);
});
