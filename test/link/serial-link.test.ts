import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type Link, type LinkDownReason, LinkError, type LinkHandlers } from '../../src/link/link.js';
import { HangUpError, type SerialBinding, serialBinding } from '../../src/link/serial-binding.js';
import {
  linkDownReason,
  openSerialLink,
  SerialLink,
  type SerialLinkOptions,
  type SerialLinkSettings,
} from '../../src/link/serial-link.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { hasSocat, openPty, type Pty } from '../support/pty.js';
import { until, Waiters } from '../support/waiters.js';

const ptyTest = hasSocat ? test.serial : test.skip;

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

/** Records what a link reports. */
class Owner implements LinkHandlers {
  bytes: Buffer = Buffer.alloc(0);
  readonly endings: [LinkDownReason, string][] = [];
  readonly #waiters = new Waiters(() => `${this.bytes.length} bytes, ${this.endings.length} endings`);

  onBytes(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    this.#waiters.look();
  }

  onClosed(reason: LinkDownReason, detail: string): void {
    this.endings.push([reason, detail]);
    this.#waiters.look();
  }

  async until(condition: () => boolean): Promise<void> {
    await this.#waiters.until(condition);
  }

  async ending(): Promise<LinkDownReason | undefined> {
    await this.until(() => this.endings.length > 0);
    return this.endings[0]?.[0];
  }
}

async function openLink(
  path: string,
  owner: LinkHandlers = new Owner(),
  more: Partial<SerialLinkSettings> = {},
): Promise<Link> {
  return openSerialLink({ path, baud: 115_200, ...more })(owner);
}

async function failure(t: ExecutionContext, attempt: Promise<unknown>): Promise<LinkError | undefined> {
  return t.throwsAsync(attempt, { instanceOf: LinkError });
}

/** Open descriptors of this process, of any kind. */
function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** A binding whose opening the test settles, to inspect a link that is half built. */
function slowBinding(): { binding: SerialBinding; proceed(): void } {
  let proceed = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  const real = serialBinding();
  const binding: SerialBinding = {
    list: () => real.list(),
    open: async (options) => {
      await gate;
      return real.open(options);
    },
  };
  return { binding, proceed };
}

function newLink(pty: Pty, owner: LinkHandlers, parts: SerialLinkOptions): SerialLink {
  return new SerialLink({ path: pty.path, baud: 115_200, openTimeoutMs: 1_000 }, owner, parts);
}

// ---- Bytes ------------------------------------------------------------------------------------------------------

ptyTest('all 256 byte values pass unchanged, both ways', async (t) => {
  const pty = await openPty();
  const owner = new Owner();
  const link = await openLink(pty.path, owner);
  t.is(link.name, pty.path);
  await pty.write(ALL_BYTES);
  await owner.until(() => owner.bytes.length >= 256);
  t.deepEqual(owner.bytes, ALL_BYTES);
  await link.write(ALL_BYTES);
  t.deepEqual(await pty.readUntil((received) => received.length >= 256), ALL_BYTES);
  await link.close();
  await pty.close();
});

ptyTest('writes made at once arrive complete and in order', async (t) => {
  const pty = await openPty();
  const link = await openLink(pty.path);
  const pieces = Array.from({ length: 200 }, (_, i) => Buffer.alloc(50, i));
  await Promise.all(pieces.map((piece) => link.write(piece)));
  const all = Buffer.concat(pieces);
  t.deepEqual(await pty.readUntil((received) => received.length >= all.length), all);
  await link.close();
  await pty.close();
});

ptyTest('a pseudo-terminal has no modem lines, and querying them is not an error', async (t) => {
  const pty = await openPty();
  const link = await openLink(pty.path, new Owner(), { dtr: 'off', rts: 'off' });
  await link.write(Buffer.from('hello'));
  t.is((await pty.readUntil((received) => received.length >= 5)).toString(), 'hello');
  await link.close();
  await pty.close();
});

// ---- Modem lines ------------------------------------------------------------------------------------------------

/** Opens with the given line levels and returns what serialport was asked to set. */
async function linesSet(pty: Pty, more: Partial<SerialLinkSettings>): Promise<unknown[]> {
  const calls: unknown[] = [];
  const real = serialBinding();
  const binding: SerialBinding = {
    list: () => real.list(),
    open: async (options) => {
      const port = await real.open(options);
      port.set = async (lines) => void calls.push(lines);
      return port;
    },
  };
  const link = await openSerialLink({ path: pty.path, baud: 115_200, ...more }, { binding })(new Owner());
  await link.close();
  return calls;
}

ptyTest('setting the lines of a port that has none is refused, and does not end the link', async (t) => {
  const pty = await openPty();
  const link = await openLink(pty.path);
  await t.throwsAsync(() => link.setLines?.({ dtr: false, rts: true }) ?? Promise.resolve());
  await link.write(Buffer.from('still there'));
  await pty.readUntil((received) => received.includes('still there'));
  await link.close();
  await failure(t, link.setLines?.({ dtr: false, rts: true }) ?? Promise.resolve());
  await pty.close();
});

ptyTest('lines set to keep are not touched; setting one sets the other as Linux opens it', async (t) => {
  const pty = await openPty();
  const quiet = { brk: false, cts: false, dsr: false };
  t.deepEqual(await linesSet(pty, {}), []);
  t.deepEqual(await linesSet(pty, { dtr: 'keep', rts: 'keep' }), []);
  t.deepEqual(await linesSet(pty, { dtr: 'off', rts: 'off' }), [{ ...quiet, dtr: false, rts: false }]);
  t.deepEqual(await linesSet(pty, { dtr: 'on', rts: 'off' }), [{ ...quiet, dtr: true, rts: false }]);
  t.deepEqual(await linesSet(pty, { rts: 'off' }), [{ ...quiet, dtr: true, rts: false }]);
  await pty.close();
});

ptyTest('a port whose lines cannot be set is not opened, and not held', async (t) => {
  const pty = await openPty();
  const before = openDescriptors();
  const real = serialBinding();
  const binding: SerialBinding = {
    list: () => real.list(),
    open: async (options) => {
      const port = await real.open(options);
      port.set = () => Promise.reject(new Error('Error: Protocol error, cannot set'));
      return port;
    },
  };
  const opening = openSerialLink({ path: pty.path, baud: 115_200, dtr: 'on' }, { binding })(new Owner());
  t.like(await failure(t, opening), {
    reason: 'openFailed',
    message: `${pty.path}: Protocol error, cannot set`,
  });
  t.is(openDescriptors(), before);
  await pty.close();
});

// ---- Opening that fails -------------------------------------------------------------------------------------------

test('a missing path, a directory and a regular file are distinguished', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'meshgate-serial-'));
  const file = join(directory, 'file');
  const missing = join(directory, 'missing');
  writeFileSync(file, 'not a port');
  t.like(await failure(t, openLink(missing)), {
    reason: 'noDevice',
    message: `${missing}: No such file or directory`,
  });
  t.like(await failure(t, openLink(directory)), {
    reason: 'openFailed',
    message: `${directory}: Is a directory`,
  });
  const plainFile = await failure(t, openLink(file));
  t.is(plainFile?.reason, 'openFailed');
  t.true(plainFile?.message.startsWith(`${file}: not a serial device (Inappropriate ioctl`));
  rmSync(directory, { recursive: true });
});

ptyTest('a port that is already open is reported as held, until it is closed', async (t) => {
  const pty = await openPty();
  const first = await openLink(pty.path);
  t.like(await failure(t, openLink(pty.path)), { reason: 'heldByAnother' });
  await first.close();
  await (await openLink(pty.path)).close();
  await pty.close();
});

const REASONS: readonly (readonly [string, LinkDownReason])[] = [
  ['Error: No such file or directory, cannot open /dev/ttyUSB0', 'noDevice'],
  ['Error: No such device, cannot open /dev/ttyUSB0', 'noDevice'],
  ['Error: No such device or address, cannot open /dev/ttyUSB0', 'noDevice'],
  ['Error: Permission denied, cannot open /dev/ttyUSB0', 'noPermission'],
  ['Error: Operation not permitted, cannot open /dev/ttyUSB0', 'noPermission'],
  ['Error Resource temporarily unavailable Cannot lock port', 'heldByAnother'],
  ['Error: Device or resource busy, cannot open /dev/ttyUSB0', 'heldByAnother'],
  ['Opening COM3: File not found', 'noDevice'],
  ['Opening COM3: Access denied', 'heldByAnother'],
  ['Error: Input/output error setting custom baud rate of 115200', 'openFailed'],
  ['Error: Is a directory, cannot open /dev', 'openFailed'],
];

for (const [text, reason] of REASONS) {
  test(`"${text}" means ${reason}`, (t) => {
    t.is(linkDownReason(new Error(text), 'openFailed'), reason);
  });
}

test('the error code of the system takes precedence over the text', (t) => {
  const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  t.is(linkDownReason(denied, 'openFailed'), 'noPermission');
});

test('once the port is open, a missing device is a hang-up and another error a failed write', (t) => {
  t.is(linkDownReason(new HangUpError('the device hung up'), 'writeFailed'), 'hungUp');
  t.is(linkDownReason(new Error('No such device or address'), 'writeFailed'), 'writeFailed');
});

// ---- Losing the device ----------------------------------------------------------------------------------------------

ptyTest('a device that goes away while idle ends the link: hungUp, once', async (t) => {
  const pty = await openPty();
  const owner = new Owner();
  const link = await openLink(pty.path, owner);
  await pty.hangUp();
  t.is(await owner.ending(), 'hungUp');
  t.like(await failure(t, link.write(Buffer.from('late'))), { reason: 'hungUp' });
  await link.close();
  await link.close();
  t.is(owner.endings.length, 1);
  await pty.close();
});

ptyTest(
  'a device that goes away at 300 kB/s ends the link, ten times in a row, without a busy loop',
  async (t) => {
    for (let round = 0; round < 10; round++) {
      const pty = await openPty();
      const owner = new Owner();
      const link = await openLink(pty.path, owner);
      const load = setInterval(() => void pty.write(Buffer.alloc(3_000)).catch(() => undefined), 10);
      await owner.until(() => owner.bytes.length > 20_000);
      await pty.hangUp();
      clearInterval(load);
      t.is(await owner.ending(), 'hungUp');
      await link.close();
      await pty.close();
    }
    t.true((await cpuShare(1_000)) < 0.5);
  },
);

ptyTest('a device that goes away in a flood of bytes ends the link, without a busy loop', async (t) => {
  const pty = await openPty({ flood: true });
  const owner = new Owner();
  let count = 0;
  owner.onBytes = (chunk) => {
    count += chunk.length;
  };
  const link = await openLink(pty.path, owner);
  await until(() => count >= 1_000_000, 'a million bytes have arrived');
  await pty.hangUp();
  t.is(await owner.ending(), 'hungUp');
  t.true((await cpuShare(1_000)) < 0.5);
  await link.close();
  await pty.close();
});

/** How much of one core this process uses, 0 to 1 and above. */
async function cpuShare(ms: number): Promise<number> {
  const before = process.cpuUsage();
  await setTimeout(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / ms;
}

ptyTest('a device that goes away during a write rejects the write and ends the link', async (t) => {
  const pty = await openPty();
  pty.freeze();
  const owner = new Owner();
  const link = await openLink(pty.path, owner, { writeTimeoutMs: 60_000 });
  const writing = failure(t, link.write(Buffer.alloc(300_000)));
  await setTimeout(10);
  await pty.hangUp();
  t.like(await writing, { reason: 'hungUp' });
  t.is(await owner.ending(), 'hungUp');
  await pty.close();
});

ptyTest('after a hang-up the descriptor is free by the time that the owner is notified', async (t) => {
  const pty = await openPty();
  const before = openDescriptors();
  let atEnd = -1;
  const owner = new Owner();
  const link = await openLink(pty.path, {
    onBytes: (chunk) => owner.onBytes(chunk),
    onClosed: (reason, detail) => {
      atEnd = openDescriptors();
      owner.onClosed(reason, detail);
    },
  });
  await pty.hangUp();
  await owner.ending();
  t.true(atEnd <= before);
  await link.close();
  await pty.close();
});

// ---- Writing that gets stuck ----------------------------------------------------------------------------------------

ptyTest(
  'a port that accepts no more bytes ends the link: writeTimeout, for all pending writes',
  async (t) => {
    const pty = await openPty();
    pty.freeze();
    const owner = new Owner();
    const link = await openLink(pty.path, owner, { writeTimeoutMs: 50 });
    const [first, second] = [link.write(Buffer.alloc(300_000)), link.write(Buffer.from('after it'))];
    t.like(await failure(t, first), { reason: 'writeTimeout' });
    t.like(await failure(t, second), { reason: 'writeTimeout' });
    t.is(await owner.ending(), 'writeTimeout');
    pty.thaw();
    await (await openLink(pty.path)).close();
    await pty.close();
  },
);

ptyTest('closing with a pending write rejects it as stopped and frees the port', async (t) => {
  const pty = await openPty();
  pty.freeze();
  const owner = new Owner();
  const before = openDescriptors();
  const link = await openLink(pty.path, owner);
  const writing = failure(t, link.write(Buffer.alloc(300_000)));
  await link.close();
  t.like(await writing, { reason: 'stopped' });
  t.is(openDescriptors(), before);
  t.deepEqual(owner.endings, []);
  await pty.close();
});

// ---- Closing --------------------------------------------------------------------------------------------------------

ptyTest('closing twice closes once; the owner is not notified, and writing is refused', async (t) => {
  const pty = await openPty();
  const owner = new Owner();
  const link = await openLink(pty.path, owner);
  await Promise.all([link.close(), link.close()]);
  await link.close();
  t.like(await failure(t, link.write(Buffer.from('late'))), { reason: 'stopped' });
  t.deepEqual(owner.endings, []);
  await pty.close();
});

ptyTest('closing at the moment of a hang-up is quiet', async (t) => {
  const pty = await openPty();
  const owner = new Owner();
  const link = await openLink(pty.path, owner);
  await Promise.all([pty.hangUp(), link.close()]);
  await setTimeout(20);
  t.deepEqual(owner.endings, []);
  await pty.close();
});

ptyTest('closing while the port opens rejects the opening as stopped and leaves nothing open', async (t) => {
  const pty = await openPty();
  const before = openDescriptors();
  const { binding, proceed } = slowBinding();
  const link = newLink(pty, new Owner(), { binding });
  const opening = failure(t, link.open());
  const closing = link.close();
  t.like(await opening, { reason: 'stopped' });
  proceed();
  await closing;
  t.is(openDescriptors(), before);
  await pty.close();
});

ptyTest('closing right after the call of open leaves nothing open', async (t) => {
  const pty = await openPty();
  const before = openDescriptors();
  for (let round = 0; round < 20; round++) {
    const link = newLink(pty, new Owner(), {});
    const opening = failure(t, link.open());
    await link.close();
    t.like(await opening, { reason: 'stopped' });
  }
  t.is(openDescriptors(), before);
  await pty.close();
});

ptyTest('a link that was closed before it opened does not open', async (t) => {
  const pty = await openPty();
  const link = newLink(pty, new Owner(), {});
  await link.close();
  t.like(await failure(t, link.open()), { reason: 'stopped' });
  await pty.close();
});

ptyTest('opening for too long is openTimeout; a port that opens later is closed', async (t) => {
  const pty = await openPty();
  const before = openDescriptors();
  const clock = new ManualClock();
  const { binding, proceed } = slowBinding();
  const link = newLink(pty, new Owner(), { binding, clock });
  const opening = failure(t, link.open());
  clock.advance(1_000);
  t.like(await opening, { reason: 'openTimeout', message: `${pty.path}: timed out after 1000 ms` });
  proceed();
  await link.close();
  t.is(openDescriptors(), before);
  await pty.close();
});

ptyTest('closing waits at most 2 s for a port that does not let go', async (t) => {
  const pty = await openPty();
  const clock = new ManualClock();
  const { binding } = slowBinding();
  const link = newLink(pty, new Owner(), { binding, clock });
  const opening = failure(t, link.open());
  let isClosed = false;
  const closing = link.close().then(() => {
    isClosed = true;
  });
  clock.advance(1_999);
  await settled();
  t.false(isClosed);
  clock.advance(1);
  await closing;
  t.like(await opening, { reason: 'stopped' });
  await pty.close();
});

ptyTest('opening and closing fifty times leaks no descriptors', async (t) => {
  const pty = await openPty();
  await (await openLink(pty.path)).close();
  const before = openDescriptors();
  for (let round = 0; round < 50; round++) {
    const link = await openLink(pty.path);
    await link.write(Buffer.from([round]));
    await link.close();
  }
  t.is(openDescriptors(), before);
  await pty.close();
});

ptyTest('a new link to the same path works after the device was unplugged and replugged', async (t) => {
  for (let round = 0; round < 3; round++) {
    const pty = await openPty();
    const owner = new Owner();
    await openLink(pty.path, owner);
    await pty.write(Buffer.from('up'));
    await owner.until(() => owner.bytes.length === 2);
    await pty.hangUp();
    t.is(await owner.ending(), 'hungUp');
    t.like(await failure(t, openLink(pty.path)), { reason: 'noDevice' });
    await pty.close();
  }
});
