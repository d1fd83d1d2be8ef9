import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  type FileLock,
  findFileLockHolder,
  type LockHolder,
  NoLockFiles,
  takeFileLock,
} from '../../src/base/lock-file.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { hasPython, Program } from '../support/program.js';

const linuxTest = process.platform === 'linux' ? test : test.skip;

function folder(t: ExecutionContext): string {
  const { path, remove } = temporaryFolder();
  t.teardown(remove);
  return path;
}

function isLock(taken: FileLock | LockHolder): taken is FileLock {
  return 'release' in taken;
}

async function take(path: string): Promise<FileLock> {
  const taken = await takeFileLock(path);
  if (!isLock(taken)) throw new Error('the lock is held');
  return taken;
}

linuxTest('when many processes try at the same time, exactly one gets the lock, every time', async (t) => {
  const path = join(folder(t), 'x');
  for (let round = 0; round < 5; round++) {
    const taken = await Promise.all(Array.from({ length: 6 }, () => takeFileLock(path)));
    const locks = taken.filter(isLock);
    t.is(locks.length, 1);
    await locks[0]?.release();
    t.deepEqual(readdirSync(join(path, '..')), []);
  }
});

linuxTest('the holder is known while there is one', async (t) => {
  const path = join(folder(t), 'x');
  t.is(await findFileLockHolder(path), undefined);
  const lock = await take(path);
  t.like(await findFileLockHolder(path), { pid: String(process.pid), isElsewhere: false });
  await lock.release();
  t.is(await findFileLockHolder(path), undefined);
});

linuxTest('a copied directory is not locked, however the lock files were copied', async (t) => {
  const path = folder(t);
  mkdirSync(join(path, 'a'));
  const lock = await take(join(path, 'a', 'x'));
  await new Program('cp', ['-a', join(path, 'a'), join(path, 'b')], {}).ended;
  const names = readdirSync(join(path, 'b'));
  t.is(names.length, 1);
  const other = await take(join(path, 'b', 'x'));
  t.false(existsSync(join(path, 'b', names[0] ?? '')), 'the dead one is removed');
  await other.release();
  await lock.release();
});

linuxTest('a path that is too long for a socket can be locked too', async (t) => {
  const path = join(folder(t), 'd'.repeat(100), 'e'.repeat(100));
  mkdirSync(path, { recursive: true });
  const lock = await take(join(path, 'history.db'));
  t.false(isLock(await takeFileLock(join(path, 'history.db'))));
  await lock.release();
  t.deepEqual(readdirSync(path), []);
});

linuxTest('a lock notices that its file was removed', async (t) => {
  const path = folder(t);
  const lock = await take(join(path, 'x'));
  t.true(lock.isInPlace());
  for (const name of readdirSync(path)) rmSync(join(path, name));
  t.false(lock.isInPlace());
  await lock.release();
});

linuxTest('a directory that does not exist, or cannot hold sockets, has no lock files', async (t) => {
  await t.throwsAsync(takeFileLock(join(folder(t), 'missing', 'x')), { instanceOf: NoLockFiles });
  await t.throwsAsync(takeFileLock('/proc/x'), { instanceOf: NoLockFiles });
});

(hasPython ? linuxTest : test.skip)(
  'a process that is stopped keeps its lock; a killed one does not',
  async (t) => {
    const path = folder(t);
    const SOCKET = `
import os, signal, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
os.kill(os.getpid(), int(sys.argv[2]))
`;
    const file = join(path, '.x.lock-000000000000');
    await new Program('python3', ['-c', SOCKET, file, '9'], {}).ended;
    t.true(existsSync(file));
    const lock = await take(join(path, 'x'));
    t.false(existsSync(file));
    await lock.release();
    const stopped = spawn('python3', [
      '-c',
      SOCKET.replace('os.kill', 'print(flush=True)\nos.kill'),
      file,
      '19',
    ]);
    t.teardown(() => stopped.kill('SIGKILL'));
    await once(stopped.stdout, 'data');
    const second = await takeFileLock(join(path, 'x'));
    t.like(second, { pid: undefined, isElsewhere: false });
  },
);
