/** A file that the process of version 0.1.0 wrote, with values, deliveries, alarms and lists, opened by this version. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import type { Database } from '../../src/history/database.js';
import { libsqlDriver } from '../../src/history/libsql-driver.js';
import { nodeDriver } from '../../src/history/node-driver.js';
import { openDatabase } from '../../src/history/open-database.js';
import type { Delivery } from '../../src/hub/deliveries.js';
import type { HubEvent } from '../../src/hub/hub.js';
import { centivolts, FIRST_SUPPLY, SUPPLY } from '../support/bench-source.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { removeStores, StoreFixture } from '../support/store-fixture.js';
import { shippedTables } from '../support/tables.js';

test.after.always(removeStores);

const PACKED = join(packageRoot, 'test', 'history', 'deliveries-0.1.0.db.gz');
const TABLES = ['meta', 'node', 'series', 'value', 'event', 'open_alarm', 'recent'] as const;
/** The drivers that this Node has. */
const DRIVERS = [nodeDriver(), await libsqlDriver().catch(() => undefined)].filter(
  (driver) => driver !== undefined,
);

function unpack(file: string): void {
  writeFileSync(file, gunzipSync(readFileSync(PACKED)));
}

function newFile(t: ExecutionContext): string {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const file = join(folder.path, 'history.db');
  unpack(file);
  return file;
}

function rowsOf(database: Database): Record<string, unknown[]> {
  return Object.fromEntries(
    TABLES.map((table) => [table, database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]),
  );
}

function versionOf(database: Database): unknown {
  return database.prepare('PRAGMA user_version').value();
}

for (const driver of DRIVERS) {
  test(`${driver.name}: every row of a file of version 0.1.0 is kept, and its views have the new columns`, (t) => {
    const file = newFile(t);
    const old = driver.open(file);
    t.is(versionOf(old), 1);
    const before = rowsOf(old);
    old.close();
    for (const table of TABLES) t.true((before[table]?.length ?? 0) > 0, table);
    const { database, setAside } = openDatabase(driver, file, shippedTables.dataTypes.all(), 1);
    t.teardown(() => database.close());
    t.is(setAside, undefined);
    t.is(versionOf(database), 2);
    t.deepEqual(rowsOf(database), before);
    const stages = database
      .prepare('SELECT stage, message, answer, device, command FROM delivery_stage ORDER BY seq')
      .all();
    t.true(stages.some(({ stage, answer }) => stage === 'answered' && typeof answer === 'string'));
    for (const { message, device, command } of stages) {
      t.regex(String(message), /^([0-9a-f]{2})+$/);
      t.deepEqual([device, command], [null, null]);
    }
  });
}

test('the state of a file of version 0.1.0 is restored, and new rows follow the old ones', (t) => {
  const fixture = new StoreFixture({}, unpack);
  const restored = fixture.restored();
  const next = restored?.nextSeq ?? 0;
  t.true(restored?.endedInOrder);
  t.true((restored?.nodes.length ?? 0) >= 3);
  t.true(restored?.nodes.some(({ values }) => values.length > 0));
  const deliveries = restored?.events.filter((event) => event.kind === 'delivery') ?? [];
  t.true(
    deliveries.some(({ delivery }) => delivery.stage === 'answered' && delivery.answer instanceof Buffer),
  );
  fixture.store.declare([SUPPLY]);
  const before = fixture.query('SELECT count(*) AS count FROM delivery_stage') as { count: number }[];
  const value = { receivedAt: 2e12, bytes: centivolts(1200) };
  const command: Delivery = {
    id: 'new',
    owner: 'me',
    to: FIRST_SUPPLY,
    device: 'hv:1',
    message: Buffer.alloc(0),
    command: { name: 'on', arguments: {} },
    stage: 'completed',
    stages: [],
  };
  const events: HubEvent[] = [
    { seq: next, at: 2e12, kind: 'node', node: FIRST_SUPPLY, device: 'hv:1', change: 'added' },
    { seq: next + 1, at: 2e12, kind: 'value', node: FIRST_SUPPLY, device: 'hv:1', type: SUPPLY, value },
    { seq: next + 2, at: 2e12, kind: 'delivery', delivery: command },
  ];
  fixture.writeWith({ name: 'hv:1' }, ...events);
  fixture.restart(next + 2);
  const after = fixture.query('SELECT device, command FROM delivery_stage ORDER BY seq') as object[];
  t.is(after.length, (before[0]?.count ?? 0) + 1);
  t.deepEqual(after.at(-1), { device: 'hv:1', command: 'on' });
  t.deepEqual(fixture.restored()?.events.slice(-2), [events[1], events[2]]);
});
