import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { lockSocket } from '../../src/socket/socket-lock.js';
import { defaultSocketPath, prepareDirectory, removeStaleSocket } from '../../src/socket/socket-path.js';

const folder = mkdtempSync(join(tmpdir(), 'mg-path-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

test('the runtime directory of the user comes first', (t) => {
  t.is(defaultSocketPath({ XDG_RUNTIME_DIR: folder }), join(folder, 'meshgate.sock'));
});

test('a runtime directory that is empty or missing is skipped', (t) => {
  for (const env of [{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: join(folder, 'missing') }]) {
    t.regex(defaultSocketPath(env), /^(\/run\/meshgate|\/tmp\/meshgate-\d+)\/meshgate\.sock$/);
  }
});

test("a directory that is not the gateway's own must exist", (t) => {
  t.throws(() => prepareDirectory(join(folder, 'missing', 's')), { code: 'SOCKET_FAILED' });
  t.notThrows(() => prepareDirectory(join(folder, 's')));
});

const directory = `/tmp/meshgate-${process.getuid?.() ?? 0}`;

test('the directory in /tmp is created for its user alone, and refused when others have access', (t) => {
  if (statSync(directory, { throwIfNoEntry: false })) {
    t.pass('a gateway of this user may be using it');
    return;
  }
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  prepareDirectory(join(directory, 's'));
  t.is(statSync(directory).mode & 0o777, 0o700);
  t.notThrows(() => prepareDirectory(join(directory, 's')));
  chmodSync(directory, 0o755);
  t.throws(() => prepareDirectory(join(directory, 's')), { code: 'NO_PERMISSION' });
  rmSync(directory, { recursive: true });
  symlinkSync(folder, directory);
  t.throws(() => prepareDirectory(join(directory, 's')), { code: 'NO_PERMISSION' });
});

test('a directory where anybody may replace files is refused, unless it is sticky as /tmp is', (t) => {
  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  t.throws(() => prepareDirectory(join(open, 's')), { code: 'NO_PERMISSION' });
  chmodSync(open, 0o1777);
  t.notThrows(() => prepareDirectory(join(open, 's')));
});

test('a path is locked once, under any name, and free again when it is released', async (t) => {
  const real = join(folder, 'real');
  mkdirSync(real);
  symlinkSync(real, join(folder, 'alias'));
  const lock = await lockSocket(join(real, 's'));
  for (const name of [join(real, 's'), join(folder, 'alias', 's'), join(real, '..', 'real', 's')]) {
    const error = await t.throwsAsync(lockSocket(name), { code: 'SOCKET_TAKEN' });
    t.true(error?.message.startsWith(`the gateway with process id ${process.pid} is already using`));
  }
  const other = await lockSocket(join(real, 'other'));
  await other.release();
  await lock.release();
  const again = await lockSocket(join(real, 's'));
  await again.release();
});

test('when two lock a path at the same time, exactly one gets it', async (t) => {
  const path = join(folder, 'race');
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockSocket(path)));
  const holders = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  t.is(holders.length, 1);
  await holders[0]?.release();
});

test('a socket file without a server is removed; one with a server is not', async (t) => {
  const path = join(folder, 'served');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await t.throwsAsync(removeStaleSocket(path), {
    code: 'SOCKET_TAKEN',
    message: /another program is already using/,
  });
  t.true(statSync(path).isSocket());
  await new Promise((resolve) => server.close(resolve));
  await t.notThrowsAsync(removeStaleSocket(path));
});

test('a regular file is left alone', async (t) => {
  const path = join(folder, 'regular');
  writeFileSync(path, 'mine');
  await t.throwsAsync(removeStaleSocket(path), { code: 'SOCKET_FAILED' });
  t.is(statSync(path).size, 4);
});
