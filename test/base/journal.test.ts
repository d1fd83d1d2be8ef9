import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { goesToJournal, withPriority } from '../../src/base/journal.js';
import { temporaryFolder } from '../support/gateway-fixture.js';

test('a stream that systemd has connected to the journal is recognized by device and inode', (t) => {
  const folder = temporaryFolder();
  const fd = openSync(join(folder.path, 'journal'), 'w');
  t.teardown(() => {
    closeSync(fd);
    folder.remove();
  });
  const { dev, ino } = fstatSync(fd);
  t.true(goesToJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, fd));
  t.false(goesToJournal({ JOURNAL_STREAM: `${dev}:${ino + 1}` }, fd));
  t.false(goesToJournal({}, fd));
  t.false(goesToJournal({ JOURNAL_STREAM: '1:2' }, 9999));
});

test('each line for the journal begins with its priority', (t) => {
  t.is(
    withPriority('12:30:05 api: error: Error: oops\n    at x', 'error'),
    ['<3>12:30:05 api: error: Error: oops', '<3>    at x'].join('\n'),
  );
  t.is(withPriority('a', 'warn'), '<4>a');
  t.is(withPriority('a', 'info'), '<6>a');
});
