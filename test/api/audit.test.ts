import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type AuditOrigin, AuditTrail, readAuditLine } from '../../src/api/audit.js';
import { systemClock } from '../../src/base/clock.js';
import { createLog } from '../../src/base/log.js';
import { temporaryFolder } from '../support/gateway-fixture.js';

const WHO: AuditOrigin = { client: 'client 1', via: '/run/s', role: 'admin' };

function openTrail(file?: string) {
  const logged: string[] = [];
  const trail = new AuditTrail(
    systemClock,
    createLog('audit', (line) => logged.push(line)),
  );
  if (file !== undefined) trail.keepIn(file);
  return { trail, logged };
}

const folder = temporaryFolder();
test.after.always(() => folder.remove());

test('entries of one run are read back by the next; others have no access to the file', (t) => {
  const file = join(folder.path, 'kept');
  openTrail(file).trail.record(WHO, 'CLEAN', 'done');
  const { trail } = openTrail(file);
  trail.record(WHO, 'RST-R', 'Busy');
  t.deepEqual(
    trail.last(10).map(({ action, outcome }) => `${action} ${outcome}`),
    ['CLEAN done', 'RST-R Busy'],
  );
  t.is(statSync(file).mode & 0o007, 0);
});

test('a file that is removed with its directory is created again, with the entries in memory', (t) => {
  const directory = join(folder.path, 'state');
  const file = join(directory, 'audit.jsonl');
  mkdirSync(directory);
  const { trail, logged } = openTrail();
  trail.keepIn(file, () => mkdirSync(directory, { recursive: true }));
  trail.record(WHO, 'first', 'done');
  rmSync(directory, { recursive: true });
  trail.record(WHO, 'second', 'done');
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  t.deepEqual(
    lines.map((line) => readAuditLine(line)?.action),
    ['first', 'second'],
  );
  t.true(logged.some((line) => line.includes('was removed')));
  t.is(trail.counters().notWritten, 0);
});

test('an invalid line is skipped without losing others', (t) => {
  const file = join(folder.path, 'damaged');
  const { trail } = openTrail(file);
  trail.record(WHO, 'first', 'done');
  appendFileSync(file, '{"at":1,"cli\n\0\0\0\n[]\nnull\n');
  trail.record(WHO, 'second', 'done');
  t.deepEqual(
    openTrail(file)
      .trail.last(10)
      .map(({ action }) => action),
    ['first', 'second'],
  );
});

test('a file that has grown large is rotated once, and the last 1,000 entries are kept', (t) => {
  const file = join(folder.path, 'large');
  const { trail } = openTrail(file);
  trail.record(WHO, 'old', 'done');
  const [line] = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, `${line}\n`.repeat(1_100_000 / 100));
  trail.record(WHO, 'new', 'done');
  t.is(readFileSync(file, 'utf8').split('\n').length, 2);
  const entries = openTrail(file).trail.last(5000);
  t.is(entries.length, 1000);
  t.is(entries.at(-1)?.action, 'new');
  t.is(entries.at(-2)?.action, 'old');
});

test('when the file cannot be written, entries stay in memory; the failure is counted and logged', (t) => {
  const { trail, logged } = openTrail(join(folder.path, 'missing', 'file'));
  trail.record(WHO, 'CLEAN', 'done');
  t.is(trail.last(1).length, 1);
  t.like(trail.counters(), { recorded: 1, notWritten: 1 });
  t.regex(logged.join('\n'), /can.t write the audit file/);
});

test('memory holds the last 1,000', (t) => {
  const { trail } = openTrail();
  for (let count = 0; count < 1100; count++) trail.record(WHO, String(count), 'done');
  t.is(trail.last(5000).length, 1000);
  t.is(trail.last(1)[0]?.action, '1099');
});

test('only complete entries are read', (t) => {
  t.is(readAuditLine('{}'), undefined);
  t.is(readAuditLine('{'), undefined);
  const entry = { at: 1, ...WHO, action: 'CLEAN', outcome: 'done' };
  t.deepEqual(readAuditLine(JSON.stringify(entry)), entry);
});
