import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { takeFileLock } from '../../src/base/lock-file.js';
import { withoutOthers } from '../../src/base/umask.js';
import { temporaryFolder } from '../support/gateway-fixture.js';

const folder = temporaryFolder();
const own = process.umask(0o022);
test.after.always(() => {
  process.umask(own);
  folder.remove();
});

const modeOf = (name: string) => statSync(join(folder.path, name)).mode & 0o777;

/** Umask, and the modes of a directory and of a file that are created meanwhile. */
const MODES = [
  [0o022, 0o755, 0o644],
  [0o027, 0o750, 0o640],
  [0o077, 0o700, 0o600],
  [0o002, 0o700, 0o600],
  [0, 0o700, 0o600],
] as const;

for (const [umask, directory, file] of MODES) {
  const name = umask.toString(8).padStart(3, '0');
  test.serial(`umask ${name}: only the owner can write to what is created, and the owner can use it`, (t) => {
    process.umask(umask);
    withoutOthers(() => {
      mkdirSync(join(folder.path, `directory-${name}`));
      writeFileSync(join(folder.path, `file-${name}`), '');
    });
    t.deepEqual([modeOf(`directory-${name}`), modeOf(`file-${name}`)], [directory, file]);
    t.is(process.umask(own), umask, 'it is as before');
  });
}

test.serial('a lock file can be asked by all, whatever the umask', async (t) => {
  process.umask(0o077);
  const lock = await takeFileLock(join(folder.path, 'locked'));
  if (!('release' in lock)) throw new Error('it is held');
  t.teardown(() => lock.release());
  const [name = ''] = readdirSync(folder.path).filter((each) => each.startsWith('.locked.lock-'));
  t.is(modeOf(name), 0o777);
});
