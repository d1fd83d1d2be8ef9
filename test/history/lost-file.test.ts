import { copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EventWriter } from '../../src/history/event-record.js';
import type { Holdings } from '../../src/history/holdings.js';
import type { HubEvent } from '../../src/hub/hub.js';
import { nodeEvent, sequenceEvent } from '../support/history-events.js';
import { removeStores, StoreFixture, sqlite } from '../support/store-fixture.js';

test.after.always(removeStores);

const UUID = '3210'.padEnd(32, '0');

/** The memory of a gateway that knows node 5, with a value, an alarm, robots, and events. */
function held(...events: readonly HubEvent[]): Holdings {
  const latest = new EventWriter(64);
  latest.writeValue(5, 0, { receivedAt: 1000, bytes: Buffer.of(7) });
  const ring = new EventWriter(64);
  for (const event of events) ring.write(event);
  const alarm = {
    id: 'NODE_DISCONNECTED:9',
    code: 'NODE_DISCONNECTED',
    priority: 'medium',
    node: 9,
    text: 'x',
    firstAt: 1,
    lastAt: 1,
    count: 1,
    active: true,
    acknowledged: false,
  };
  const robots = { kind: 'robots', robots: [{ id: 1, name: 'r', state: 'idle', node: 'Node-5' }] };
  return {
    nodes: [{ address: 5, name: 'Pump', uuid: Buffer.from(UUID, 'hex'), lastHeardAt: 1000 }],
    latest: latest.take(),
    alarms: [JSON.stringify(alarm)],
    lists: [{ seq: 1, at: 900, kind: 'robots', detail: JSON.stringify(robots) }],
    events: [ring.take()],
  };
}

/** A store that is written to, with the state of its gateway. */
function running(): StoreFixture {
  const fixture = new StoreFixture();
  fixture.writeWith({ name: 'Pump', uuid: UUID }, nodeEvent(2, 5, 'added', 1000));
  const value = sequenceEvent(3, 5, 7, 1000);
  fixture.write(value);
  fixture.holdings = held(value);
  return fixture;
}

/** Everything that a restart needs is in the file at the path. */
const LOSSES: Readonly<Record<string, (fixture: StoreFixture) => void>> = {
  'whose directory is deleted': ({ folder }) => rmSync(folder, { recursive: true }),
  'that is deleted': ({ file }) => rmSync(file),
  'that is moved away': ({ file }) => renameSync(file, `${file}.moved`),
  'that is replaced by one that is not a database': ({ file }) => {
    writeFileSync(`${file}.new`, 'this was never a database\n'.repeat(500));
    renameSync(`${file}.new`, file);
  },
  'that is truncated to 0 bytes': ({ file }) => truncateSync(file, 0),
  'that is cut off': ({ file }) => truncateSync(file, 2000),
  'that is found to be damaged': ({ store }) => store.replace('for the test'),
};

for (const [what, lose] of Object.entries(LOSSES)) {
  test(`a file ${what} while it is written is noticed, and a new one has all that a restart needs`, (t) => {
    const fixture = running();
    lose(fixture);
    fixture.store.tick();
    t.true(fixture.reported.some(({ kind }) => kind === 'failing' || kind === 'setAside'));
    fixture.write(sequenceEvent(4, 5, 8, 2000));
    fixture.restart(4);
    const restored = fixture.restored();
    const [node] = restored?.nodes ?? [];
    t.is(restored?.nodes.length, 1);
    t.is(node?.uuid?.toString('hex'), UUID);
    t.is(node?.lastHeardAt, 1000);
    t.is(node?.values[0]?.value.bytes[0], 8);
    t.deepEqual(
      restored?.alarms.map(({ id }) => id),
      ['NODE_DISCONNECTED:9'],
    );
    t.is(restored?.robots.length, 1);
    t.deepEqual(
      restored?.events.map(({ seq }) => seq),
      [3, 4],
    );
    t.is(restored?.nextSeq, 5);
    t.deepEqual(fixture.query('SELECT name, sequence FROM values_sequence_0 ORDER BY received_at'), [
      { name: 'Pump', sequence: 7 },
      { name: 'Pump', sequence: 8 },
    ]);
  });
}

for (const suffix of ['-wal', '-shm']) {
  test(`removing a ${suffix} file in use loses nothing that was stored`, (t) => {
    const fixture = running();
    rmSync(fixture.file + suffix);
    fixture.store.tick();
    fixture.clock.advance(1000);
    fixture.store.tick();
    t.deepEqual(
      fixture.reported.slice(-5).map(({ kind }) => kind),
      ['failing', 'fileClosed', 'opened', 'takenOver', 'recovered'],
    );
    fixture.write(sequenceEvent(4, 5, 8, 2000));
    t.is(fixture.query('SELECT * FROM value').length, 2);
    fixture.restart(4);
    t.is(fixture.query('SELECT * FROM value').length, 2);
  });
}

test('a file that was moved away is complete at its new location', (t) => {
  const fixture = running();
  renameSync(fixture.file, `${fixture.file}.moved`);
  fixture.store.tick();
  const moved = sqlite.open(`${fixture.file}.moved`, { isReadOnly: true });
  t.deepEqual(moved.prepare('PRAGMA integrity_check').value(), 'ok');
  t.deepEqual(moved.prepare('SELECT count(*) AS count FROM value').get(), { count: 1 });
  moved.close();
});

test('a backup that replaces the file is continued', (t) => {
  const fixture = running();
  const backup = join(fixture.folder, 'backup');
  const reader = sqlite.open(fixture.file, { isReadOnly: true });
  reader.exec(`VACUUM INTO '${backup}'`);
  reader.close();
  fixture.write(sequenceEvent(4, 5, 8, 2000));
  renameSync(backup, fixture.file);
  fixture.store.tick();
  fixture.write(sequenceEvent(5, 5, 9, 3000));
  t.deepEqual(fixture.query('SELECT sequence FROM values_sequence_0 ORDER BY received_at'), [
    { sequence: 7 },
    { sequence: 9 },
  ]);
  t.is((fixture.query('PRAGMA integrity_check')[0] as { integrity_check: string }).integrity_check, 'ok');
});

/** Another program locks the file exclusively, until the returned function is called. */
function lock(file: string): () => void {
  const holder = sqlite.open(file);
  holder.exec('PRAGMA locking_mode = EXCLUSIVE');
  holder.exec('BEGIN EXCLUSIVE');
  return () => holder.close();
}

test('a file locked at the start is retried with growing pauses, and gets the events from the meantime', (t) => {
  const first = running();
  first.store.close(3);
  const kept = first.file;
  let release: (() => void) | undefined;
  const fixture = new StoreFixture({}, (file) => {
    copyFileSync(kept, file);
    release = lock(file);
  });
  t.regex(fixture.store.fault ?? '', /locked/);
  fixture.write(sequenceEvent(10, 6, 1, 5000));
  fixture.store.tick();
  t.deepEqual(fixture.reported, [], 'a second has not passed');
  fixture.clock.advance(1000);
  fixture.store.tick();
  release?.();
  fixture.clock.advance(1999);
  fixture.store.tick();
  t.regex(fixture.store.fault ?? '', /locked/, 'the next pause is twice as long');
  fixture.clock.advance(1);
  fixture.store.tick();
  t.is(fixture.store.fault, undefined);
  t.deepEqual(
    fixture.reported.map(({ kind }) => kind),
    ['opened', 'takenOver', 'written', 'recovered'],
  );
  const [opened] = fixture.reported;
  t.is(opened?.kind === 'opened' && opened.restored?.nextSeq, 4);
  t.is(fixture.query('SELECT * FROM value').length, 2);
});

test('numbers assigned before the file could be read are raised above its own', (t) => {
  const fixture = new StoreFixture();
  fixture.write(sequenceEvent(500, 5, 1, 1000));
  const other = sqlite.open(fixture.file);
  other.exec('BEGIN IMMEDIATE');
  fixture.write(sequenceEvent(10, 5, 2, 2000), sequenceEvent(11, 5, 3, 3000));
  fixture.store.raiseWaiting(491);
  other.close();
  fixture.store.writeWaiting();
  t.deepEqual(fixture.query('SELECT seq, hex(bytes) AS bytes FROM value ORDER BY seq'), [
    { seq: 500, bytes: '01' },
    { seq: 501, bytes: '02' },
    { seq: 502, bytes: '03' },
  ]);
});

test('a directory that cannot be created again is retried until it can', (t) => {
  const fixture = running();
  rmSync(fixture.folder, { recursive: true });
  writeFileSync(fixture.folder, 'in the way');
  fixture.store.tick();
  t.regex(fixture.store.fault ?? '', /is not a directory/);
  t.false(fixture.store.tidy());
  fixture.write(sequenceEvent(4, 5, 8, 2000));
  rmSync(fixture.folder);
  fixture.clock.advance(60_000);
  fixture.store.tick();
  t.is(fixture.query('SELECT * FROM value').length, 2);
});
