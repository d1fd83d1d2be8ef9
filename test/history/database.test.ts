import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type Database, inTransaction, type SqliteDriver } from '../../src/history/database.js';
import { libsqlDriver } from '../../src/history/libsql-driver.js';
import { nodeDriver } from '../../src/history/node-driver.js';
import { temporaryFolder } from '../support/gateway-fixture.js';

/** The drivers that this Node has. */
const DRIVERS = [nodeDriver(), await libsqlDriver().catch(() => undefined)].filter(
  (driver) => driver !== undefined,
);

test('there is a driver', (t) => {
  t.true(DRIVERS.length > 0);
});

/** A path that would be misread as a URI. */
function newFile(t: ExecutionContext): string {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  return join(folder.path, 'a b%20?mode=ro#é.db');
}

function openNew(t: ExecutionContext, { open }: SqliteDriver, file = newFile(t)): Database {
  const database = open(file, { busyTimeoutMs: 50 });
  t.teardown(() => database.close());
  database.exec('PRAGMA auto_vacuum = INCREMENTAL');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, whole INTEGER, any_type, bytes BLOB)');
  return database;
}

/** Descriptors of this process for the file or its journals. */
function descriptorsOf(file: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      return target.startsWith(file) ? [target] : [];
    } catch {
      return [];
    }
  });
}

for (const driver of DRIVERS) {
  const named = (title: string) => `${driver.name}: ${title}`;

  test(named('values come back as they were stored'), (t) => {
    const database = openNew(t, driver);
    const insert = database.prepare('INSERT INTO t (whole, any_type, bytes) VALUES (?, ?, ?)');
    const bytes = Buffer.from('0001feff', 'hex');
    const largest = Number.MAX_SAFE_INTEGER;
    t.is(insert.run(largest, 1.25, bytes), 1);
    insert.run(-largest, 'text with é and €', bytes.subarray(1, 3));
    insert.run(1.7e12, null, Buffer.alloc(0));
    insert.run(null, -0.5, new Uint8Array([7]));
    t.deepEqual(database.prepare('SELECT whole, any_type, bytes FROM t ORDER BY id').all(), [
      { whole: largest, any_type: 1.25, bytes },
      { whole: -largest, any_type: 'text with é and €', bytes: Buffer.from('01fe', 'hex') },
      { whole: 1.7e12, any_type: null, bytes: Buffer.alloc(0) },
      { whole: null, any_type: -0.5, bytes: Buffer.from([7]) },
    ]);
    t.deepEqual(
      database.prepare('SELECT DISTINCT typeof(whole) AS type, typeof(bytes) AS bytes FROM t').all(),
      [
        { type: 'integer', bytes: 'blob' },
        { type: 'null', bytes: 'blob' },
      ],
      'whole numbers are stored as integers, empty bytes are not null',
    );
  });

  test(named('integers beyond 2^53 are rounded'), (t) => {
    const database = openNew(t, driver);
    database.exec('INSERT INTO t (whole) VALUES (9007199254740993), (-9223372036854775808)');
    const rounded = [2 ** 53, -(2 ** 63)];
    const select = database.prepare('SELECT whole FROM t ORDER BY id');
    t.deepEqual(
      select.all().map(({ whole }) => whole),
      rounded,
    );
    t.is(select.get()?.whole, rounded[0]);
    t.is(select.value(), rounded[0]);
    database.exec('UPDATE t SET whole = 5');
    t.is(select.value(), 5, 'the same statement reads others as before');
  });

  test(named('rows, first columns, and their absence'), (t) => {
    const database = openNew(t, driver);
    const select = database.prepare('SELECT id, whole FROM t WHERE id >= ? ORDER BY id');
    t.is(select.get(1), undefined);
    t.is(select.value(1), undefined);
    t.deepEqual(select.all(1), []);
    database.exec('INSERT INTO t (id, whole) VALUES (1, 10), (2, NULL), (3, 30)');
    t.deepEqual(select.get(2), { id: 2, whole: null });
    t.is(select.value(3), 3);
    t.is(database.prepare('SELECT whole FROM t WHERE id = 2').value(), null);
    t.is(select.all(1).length, 3);
    const many = JSON.stringify(Array.from({ length: 1000 }, (_, index) => index));
    t.deepEqual(
      database
        .prepare('SELECT value FROM json_each(?)')
        .all(many)
        .map(({ value }) => value),
      JSON.parse(many),
    );
  });

  test(named('parameters are bound by position, or by name as often as used'), (t) => {
    const database = openNew(t, driver);
    database.exec('INSERT INTO t (id, whole, bytes) VALUES (1, 10, NULL), (2, 20, NULL)');
    const find = database.prepare(
      'SELECT id FROM t WHERE (@id IS NULL OR id = @id) AND whole >= @low ORDER BY id',
    );
    t.deepEqual(find.all({ id: null, low: 15 }), [{ id: 2 }]);
    t.is(find.value({ id: 1, low: 0 }), 1);
    const update = database.prepare('UPDATE t SET bytes = @bytes WHERE id = @id AND bytes IS NOT @bytes');
    t.is(update.run({ id: 1, bytes: Buffer.from([1]) }), 1);
    t.is(update.run({ id: 1, bytes: Buffer.from([1]) }), 0);
    t.is(database.prepare('SELECT id FROM t LIMIT ? OFFSET ?').all(1, 1).length, 1);
  });

  test(named('RETURNING returns the row; changes are those of the statement'), (t) => {
    const database = openNew(t, driver);
    const upsert = database.prepare(
      'INSERT INTO t (id, whole) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET whole = excluded.whole RETURNING id',
    );
    t.is(upsert.value(7, 1), 7);
    t.is(upsert.value(7, 2), 7);
    t.is(upsert.value(8, 2), 8);
    t.is(database.prepare('DELETE FROM t WHERE whole = ?').run(2), 2);
    t.is(database.prepare('DELETE FROM t WHERE whole = ?').run(2), 0);
  });

  test(named('a transaction stores all or nothing'), (t) => {
    const database = openNew(t, driver);
    const insert = database.prepare('INSERT INTO t (id) VALUES (?)');
    const counting = database.prepare('SELECT count(*) FROM t');
    const count = () => counting.value();
    t.is(
      inTransaction(database, () => insert.run(1)),
      1,
    );
    const error = t.throws(() =>
      inTransaction(database, () => {
        insert.run(2);
        insert.run(1);
      }),
    );
    t.like(error, { code: 'SQLITE_CONSTRAINT' });
    t.is(count(), 1);
    t.throws(
      () =>
        inTransaction(database, () => {
          insert.run(3);
          throw new Error('ours');
        }),
      { message: 'ours' },
    );
    t.is(count(), 1);
    inTransaction(database, () => insert.run(4));
    t.is(count(), 2);
  });

  test(named('a full disk is SQLITE_FULL, and stored rows are kept'), (t) => {
    const database = openNew(t, driver);
    const insert = database.prepare('INSERT INTO t (bytes) VALUES (?)');
    insert.run(Buffer.alloc(100));
    database.exec(`PRAGMA max_page_count = ${database.prepare('PRAGMA page_count').value()}`);
    const fill = () => {
      for (let count = 0; count < 1000; count++) insert.run(Buffer.alloc(1000));
    };
    t.like(
      t.throws(() => inTransaction(database, fill)),
      { code: 'SQLITE_FULL', message: 'database or disk is full' },
    );
    t.is(database.prepare('SELECT count(*) FROM t').value(), 1);
    database.exec('PRAGMA max_page_count = 1000000');
    inTransaction(database, fill);
    t.is(database.prepare('SELECT count(*) FROM t').value(), 1001);
  });

  test(named('a lock of another connection is waited for, then SQLITE_BUSY'), (t) => {
    const file = newFile(t);
    const database = openNew(t, driver, file);
    const other = driver.open(file, { busyTimeoutMs: 300 });
    other.exec('BEGIN IMMEDIATE');
    const begun = performance.now();
    t.like(
      t.throws(() => database.exec('BEGIN IMMEDIATE')),
      { code: 'SQLITE_BUSY', message: 'database is locked' },
    );
    t.true(performance.now() - begun >= 50);
    const insert = database.prepare('INSERT INTO t (id) VALUES (?)');
    t.like(
      t.throws(() => inTransaction(database, () => insert.run(1))),
      { code: 'SQLITE_BUSY' },
    );
    other.close();
    t.is(
      inTransaction(database, () => insert.run(1)),
      1,
      'closing ends the transaction of the other connection',
    );
  });

  test(
    named('a file that is damaged, or not a database, is distinguished from one that cannot be opened'),
    (t) => {
      const file = newFile(t);
      writeFileSync(file, 'not a database'.repeat(500));
      const readVersion = () => {
        const database = driver.open(file);
        try {
          database.prepare('PRAGMA user_version').value();
          database.exec('PRAGMA journal_mode = WAL');
        } finally {
          database.close();
        }
      };
      t.like(t.throws(readVersion), { code: 'SQLITE_NOTADB', message: 'file is not a database' });
      t.like(
        t.throws(() => driver.open('/nowhere/at/all.db')),
        { code: 'SQLITE_CANTOPEN', message: 'unable to open database file' },
      );
    },
  );

  test(named('a truncated file is SQLITE_CORRUPT, and quick_check finds the damage'), (t) => {
    const file = newFile(t);
    const database = openNew(t, driver, file);
    const insert = database.prepare('INSERT INTO t (bytes) VALUES (?)');
    inTransaction(database, () => {
      for (let count = 0; count < 200; count++) insert.run(Buffer.alloc(1000));
    });
    t.is(database.prepare('PRAGMA quick_check(1)').value(), 'ok');
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    truncateSync(file, 20 * 4096);
    const reopened = driver.open(file, { isReadOnly: true });
    t.teardown(() => reopened.close());
    t.like(
      t.throws(() => reopened.prepare('SELECT sum(length(bytes)) FROM t').value()),
      { code: 'SQLITE_CORRUPT', message: 'database disk image is malformed' },
    );
    const check = () => reopened.prepare('PRAGMA quick_check(1)').value();
    try {
      t.not(check(), 'ok');
    } catch (error) {
      t.like(error, { code: 'SQLITE_CORRUPT' });
    }
  });

  test(named('a read-only connection reads what another one writes, and cannot write or create'), (t) => {
    const file = newFile(t);
    const database = openNew(t, driver, file);
    const reader = driver.open(file, { isReadOnly: true });
    t.teardown(() => reader.close());
    const count = reader.prepare('SELECT count(*) FROM t');
    t.is(count.value(), 0);
    database.exec('INSERT INTO t (id) VALUES (1), (2), (3)');
    t.is(count.value(), 3);
    t.deepEqual(reader.prepare('SELECT id FROM t').get(), { id: 1 });
    t.like(
      t.throws(() => reader.exec('DELETE FROM t')),
      { code: 'SQLITE_READONLY' },
    );
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    t.is(statSync(`${file}-wal`).size, 0, 'no read transaction stays open after get');
    t.throws(() => driver.open(`${file}.absent`, { isReadOnly: true }).exec('SELECT 1'));
    t.false(existsSync(`${file}.absent`));
  });

  test(named('incremental_vacuum frees the requested number of pages'), (t) => {
    const database = openNew(t, driver);
    const insert = database.prepare('INSERT INTO t (bytes) VALUES (?)');
    inTransaction(database, () => {
      for (let count = 0; count < 200; count++) insert.run(Buffer.alloc(4000));
    });
    database.exec('DELETE FROM t');
    const pages = database.prepare('PRAGMA page_count');
    const before = Number(pages.value());
    database.exec('PRAGMA incremental_vacuum(50)');
    t.is(Number(pages.value()), before - 50);
  });

  test(named('close releases the file and its journals, and finalizes its statements'), async (t) => {
    const file = newFile(t);
    const database = openNew(t, driver, file);
    const insert = database.prepare('INSERT INTO t (id) VALUES (?)');
    insert.run(1);
    insert.run(2);
    database.prepare('SELECT * FROM t').get();
    t.true(descriptorsOf(file).length > 0);
    database.close();
    await setImmediate();
    await setImmediate();
    t.deepEqual(descriptorsOf(file), []);
    t.false(existsSync(`${file}-wal`), 'the last connection removes the journal');
    t.throws(() => insert.run(3));
    t.true(readFileSync(file).length > 0);
  });
}
