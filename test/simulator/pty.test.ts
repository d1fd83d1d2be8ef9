import { spawnSync } from 'node:child_process';
import {
  constants,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/base/clock.js';
import { MeshgateError } from '../../src/base/errors.js';
import { readFaults } from '../../src/simulator/faults/fault-plan.js';
import { FaultyMesh } from '../../src/simulator/faults/faulty-mesh.js';
import { openPty } from '../../src/simulator/pty.js';
import { serveOnPty } from '../../src/simulator/served-mesh.js';
import { VirtualMesh } from '../../src/simulator/virtual-mesh.js';
import { until, Waiters } from '../support/waiters.js';
import { tables } from './recorder.js';

const hasSocat = spawnSync('socat', ['-V']).status === 0;
const ptyTest = hasSocat ? test : test.skip;
const serialPtyTest = hasSocat ? test.serial : test.serial.skip;

const folder = mkdtempSync(join(tmpdir(), 'meshgate-pty-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const pathFor = (name: string) => join(folder, name);
const noHandlers = { onBytes() {}, onExit() {} };

/** Until a path exists, or does not. */
async function untilPath(path: string, isThere: boolean): Promise<void> {
  const waiters = new Waiters(() => `${path} is ${isThere ? 'not there' : 'still there'}`);
  const watcher = watch(folder, () => waiters.look());
  await waiters.until(() => existsSync(path) === isThere);
  watcher.close();
}

/** Opens the other side like a serial port, and collects what it reads. */
async function openOtherSide(path: string) {
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const file: FileHandle = await open(path, flags);
  let received = Buffer.alloc(0);
  // It does not block, and does not signal when there is something to read.
  const readMore = async () => {
    const { buffer, bytesRead } = await file
      .read(Buffer.alloc(4096), 0, 4096, null)
      .catch(() => ({ buffer: Buffer.alloc(0), bytesRead: 0 }));
    received = Buffer.concat([received, buffer.subarray(0, bytesRead)]);
    if (bytesRead === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const read = async (enough: (bytes: Buffer) => boolean) => {
    await until(() => enough(received), 'enough is read', readMore);
    return received;
  };
  return { file, read };
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

ptyTest('every byte passes unchanged, both ways', async (t) => {
  let received = Buffer.alloc(0);
  const pty = await openPty(pathFor('raw'), {
    onBytes: (chunk) => {
      received = Buffer.concat([received, chunk]);
    },
    onExit: () => t.fail(),
  });
  t.true(lstatSync(pty.path).isSymbolicLink());
  const other = await openOtherSide(pty.path);
  t.true(pty.write(everyByte));
  t.deepEqual(await other.read((bytes) => bytes.length >= 256), everyByte);
  await other.file.write(everyByte);
  await until(() => received.length >= 256, 'all has come');
  t.deepEqual(received, everyByte);
  await other.file.close();
  await pty.close();
  await pty.close();
  t.false(existsSync(pathFor('raw')));
});

ptyTest('a gateway can close its side and open it again', async (t) => {
  const pty = await openPty(pathFor('again'), noHandlers);
  for (const text of ['one', 'two', 'three']) {
    const other = await openOtherSide(pty.path);
    pty.write(Buffer.from(text));
    t.is((await other.read((bytes) => bytes.length >= text.length)).toString(), text);
    await other.file.close();
  }
  await pty.close();
});

ptyTest('without a reader excess bytes are dropped and counted', async (t) => {
  const pty = await openPty(pathFor('full'), noHandlers);
  let dropped = 0;
  for (let round = 0; round < 2_000 && dropped === 0; round++) {
    if (!pty.write(Buffer.alloc(1_000))) dropped += 1_000;
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is(dropped, 1_000);
  t.is(pty.droppedBytes, 1_000);
  await pty.close();
});

ptyTest('an old symbolic link is replaced, any other file is left alone', async (t) => {
  symlinkSync('/nowhere', pathFor('stale'));
  const pty = await openPty(pathFor('stale'), noHandlers);
  t.regex(readlinkSync(pathFor('stale')), /^\/dev\/pts\//);
  await pty.close();
  writeFileSync(pathFor('file'), 'precious');
  const error = await t.throwsAsync(openPty(pathFor('file'), noHandlers), { instanceOf: MeshgateError });
  t.is(error?.code, 'BAD_USAGE');
  t.true(lstatSync(pathFor('file')).isFile());
});

ptyTest('a path that cannot be made is refused with the reason', async (t) => {
  const error = await t.throwsAsync(openPty(pathFor('no/such/folder'), noHandlers), {
    instanceOf: MeshgateError,
  });
  t.is(error?.code, 'BAD_USAGE');
  t.regex(error?.message ?? '', /No such file/, 'socat says why');
});

ptyTest('a path may contain characters that are punctuation to socat', async (t) => {
  const path = pathFor('a,b:c!!"d\'(e)[f]{g}\\h');
  const pty = await openPty(path, noHandlers);
  t.true(existsSync(path));
  await pty.close();
  t.false(existsSync(path));
});

test.serial('without socat the error says how to get it', async (t) => {
  const path = process.env.PATH;
  process.env.PATH = folder;
  const error = await t
    .throwsAsync(openPty(pathFor('none'), noHandlers), { instanceOf: MeshgateError })
    .finally(() => {
      process.env.PATH = path;
    });
  t.is(error?.code, 'TOOL_MISSING');
  t.is(error?.hint, 'apt-get install socat');
});

/** The child processes of this one. */
function children(): number[] {
  const listed = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return listed.trim().split(/\s+/).map(Number);
}

serialPtyTest('when socat is killed the owner is notified, and the path is gone', async (t) => {
  const before = new Set(children());
  let exits = 0;
  const pty = await openPty(pathFor('killed'), {
    onBytes() {},
    onExit(detail) {
      exits++;
      t.regex(detail, /SIGKILL/);
    },
  });
  const [socat] = children().filter((pid) => !before.has(pid));
  if (!socat) return t.fail();
  process.kill(socat, 'SIGKILL');
  await until(() => exits > 0, 'the owner was notified');
  t.is(exits, 1);
  t.false(existsSync(pathFor('killed')));
  t.false(pty.write(Buffer.from('x')));
  await pty.close();
  t.is(exits, 1);
});

ptyTest('a virtual mesh on a pseudo-terminal boots and obeys', async (t) => {
  const mesh = new VirtualMesh({ clock: systemClock, tables, nodes: 2, seed: 1, churn: 0 });
  const pty = await serveOnPty(mesh, pathFor('mesh'), () => t.fail());
  const other = await openOtherSide(pty.path);
  const booted = await other.read((bytes) => bytes.includes('config_complete'));
  t.true(booted.includes('POWERON_RESET'));
  t.true(booted.includes(Buffer.from('ff000003', 'hex')));
  await other.file.write(Buffer.from('ff4e494e464ffe', 'hex'));
  const listed = await other.read((bytes) => bytes.includes(Buffer.from('ff000001', 'hex')));
  t.true(listed.includes(Buffer.from('ff000001', 'hex')));
  mesh.stop();
  await other.file.close();
  await pty.close();
});

ptyTest(
  'when the virtual device is unplugged its path disappears, and comes back, with the same mesh',
  async (t) => {
    const faults = readFaults({ hang_ups: { after_s: 2, for_s: 0.3 } }, 'test');
    const mesh = new FaultyMesh({ clock: systemClock, tables, nodes: 1, churn: 0, faults });
    const served = await serveOnPty(mesh, pathFor('unplugged'), (detail) => t.fail(detail));
    const first = await openOtherSide(served.path);
    t.true((await first.read((bytes) => bytes.includes('online'))).includes('POWERON_RESET'));
    await untilPath(served.path, false);
    await first.file.close();
    await untilPath(served.path, true);
    const second = await openOtherSide(served.path);
    await second.file.write(Buffer.from('ff4e494e464ffe', 'hex'));
    const listed = await second.read((bytes) => bytes.includes(Buffer.from('ff000001', 'hex')));
    t.true(listed.includes(Buffer.from('ff000001', 'hex')));
    t.false(listed.includes('POWERON_RESET'));
    t.true(mesh.faultCounters().hangUps >= 1);
    await second.file.close();
    await served.close();
    mesh.stop();
    t.false(existsSync(served.path));
  },
);

ptyTest('a path that is closed while the device is unplugged does not come back', async (t) => {
  const faults = readFaults({ hang_ups: { after_s: 0.1, for_s: 0.2 } }, 'test');
  const mesh = new FaultyMesh({ clock: systemClock, tables, nodes: 0, faults });
  const served = await serveOnPty(mesh, pathFor('closed'), (detail) => t.fail(detail));
  await until(() => !mesh.isPlugged, 'it is unplugged');
  await served.close();
  await until(() => mesh.isPlugged, 'it is plugged in');
  mesh.stop();
  t.false(existsSync(served.path));
});
