import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  watch as watchFolder,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { watchForDevices } from '../../src/link/device-watch.js';
import { LinkError, type LinkHandlers } from '../../src/link/link.js';
import { openPort } from '../../src/link/open-port.js';
import {
  choosePort,
  parsePortSpec,
  portSpecProblem,
  type SerialPortInfo,
} from '../../src/link/port-choice.js';
import { boardIdentity, listPorts } from '../../src/link/port-list.js';
import { ManualClock } from '../support/manual-clock.js';
import { hasSocat, openPty } from '../support/pty.js';
import { until } from '../support/waiters.js';

const ptyTest = hasSocat ? test : test.skip;

const CP210X: SerialPortInfo = {
  path: '/dev/ttyUSB0',
  vendorId: '10c4',
  productId: 'ea60',
  serialNumber: '0001',
  byId: '/dev/serial/by-id/usb-Silicon_Labs_CP2102_0001-if00-port0',
  knownAs: 'CP210x bridge',
};
const CH340: SerialPortInfo = {
  path: '/dev/ttyUSB1',
  vendorId: '1a86',
  productId: '7523',
  knownAs: 'CH340 bridge',
};
const NATIVE: SerialPortInfo = {
  path: '/dev/ttyACM0',
  vendorId: '303a',
  productId: '1001',
  serialNumber: '34:85:18:AA:BB:CC',
  knownAs: 'ESP32 native USB serial/JTAG',
};
const ARDUINO: SerialPortInfo = {
  path: '/dev/ttyACM1',
  vendorId: '2341',
  productId: '0043',
  manufacturer: 'Arduino',
};
const ONBOARD: SerialPortInfo = { path: '/dev/ttyS0' };

// ---- Port settings -----------------------------------------------------------------------------------------------

test('a port setting is auto, a USB id with or without a serial number, or a path', (t) => {
  t.deepEqual(parsePortSpec('auto'), { kind: 'auto' });
  t.deepEqual(parsePortSpec('AUTO'), { kind: 'auto' });
  t.like(parsePortSpec('usb:10C4:EA60'), { kind: 'usb', vendorId: '10c4', productId: 'ea60' });
  t.like(parsePortSpec('USB:303a:1001:34:85:18:AA:BB:CC'), { serialNumber: '34:85:18:aa:bb:cc' });
  for (const path of ['/dev/ttyUSB0', CP210X.byId ?? '', 'COM3', './pty', '/tmp/With Blank']) {
    t.deepEqual(parsePortSpec(path), { kind: 'path', path });
  }
});

test('an invalid port setting is refused, with the problem', (t) => {
  for (const text of ['', ' ', 'usb:', 'usb:zz', 'usb:10C4', 'usb:10C4:EA6', 'usb:10C4:EA60:', '/dev/\0']) {
    t.is(parsePortSpec(text), undefined, text);
    t.regex(portSpecProblem(text) ?? '', /is not a valid port: use auto, a path/, text);
    t.like(choosePort(text, [CP210X]), { kind: 'none' }, text);
  }
  t.is(portSpecProblem('auto'), undefined);
});

// ---- Choosing ---------------------------------------------------------------------------------------------------

test('auto chooses the only known serial bridge and says why', (t) => {
  t.deepEqual(choosePort('auto', [ONBOARD, ARDUINO, CP210X]), {
    kind: 'chosen',
    path: '/dev/ttyUSB0',
    why: '/dev/ttyUSB0: CP210x bridge (10C4:EA60), the only known serial bridge',
  });
});

test('auto never chooses between two bridges: it lists both and the settings to use', (t) => {
  const choice = choosePort('auto', [CP210X, CH340, ONBOARD]);
  t.deepEqual(choice, {
    kind: 'several',
    candidates: [CP210X, CH340],
    why:
      'more than one known serial bridge: /dev/ttyUSB0: CP210x bridge (10C4:EA60), ' +
      '/dev/ttyUSB1: CH340 bridge (1A86:7523); set the port of the root: ' +
      '/dev/serial/by-id/usb-Silicon_Labs_CP2102_0001-if00-port0 or /dev/ttyUSB1',
  });
});

test('auto takes no unknown device, but lists what is there', (t) => {
  const choice = choosePort('auto', [ARDUINO, ONBOARD]);
  t.is(choice.kind, 'none');
  t.is(
    choice.why,
    'no known serial bridge: found /dev/ttyACM1: Arduino (2341:0043), /dev/ttyS0: not on USB; ' +
      'if the root is one of these, set the port, for example /dev/ttyACM1',
  );
});

test('without any port, the error says what to check', (t) => {
  const choice = choosePort('auto', []);
  t.is(choice.kind, 'none');
  t.regex(choice.why, /this machine has no serial ports; check that the board is plugged in/);
});

test('a USB id chooses the only port that has it, in any letter case', (t) => {
  t.like(choosePort('usb:1A86:7523', [CP210X, CH340]), { kind: 'chosen', path: '/dev/ttyUSB1' });
  t.like(choosePort('usb:2341:0043', [CP210X, ARDUINO]), { kind: 'chosen', path: '/dev/ttyACM1' });
  t.like(choosePort('usb:1a86:7523', [CP210X]), { kind: 'none', candidates: [CP210X] });
});

test('a serial number chooses between ports with one USB id', (t) => {
  const twin = { ...NATIVE, path: '/dev/ttyACM7', serialNumber: '34:85:18:00:00:01' };
  t.like(choosePort('usb:303A:1001', [NATIVE, twin]), { kind: 'several', candidates: [NATIVE, twin] });
  t.like(choosePort('usb:303A:1001:34:85:18:aa:bb:cc', [NATIVE, twin]), {
    kind: 'chosen',
    path: '/dev/ttyACM0',
  });
  t.like(choosePort('usb:303A:1001:nobody', [NATIVE, twin]), { kind: 'none' });
});

test('a path is used as given, listed or not', (t) => {
  t.deepEqual(choosePort('/dev/serial/by-id/x', []), {
    kind: 'chosen',
    path: '/dev/serial/by-id/x',
    why: '/dev/serial/by-id/x: given by path',
  });
});

// ---- Listing ----------------------------------------------------------------------------------------------------

interface Machine {
  readonly sysRoot: string;
  readonly devRoot: string;
  remove(): void;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\n`);
}

/** Imitates /sys and /dev of a machine with a CP2102, a serial port on the board, and one without hardware. */
function makeMachine(): Machine {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'meshgate-ports-')));
  const [sysRoot, devRoot] = [join(root, 'sys'), join(root, 'dev')];
  const usb = join(sysRoot, 'devices/usb1/1-1');
  write(join(usb, 'idVendor'), '10c4');
  write(join(usb, 'idProduct'), 'ea60');
  write(join(usb, 'serial'), '00\u001b[31m01');
  write(join(usb, 'manufacturer'), 'Silicon Labs');
  addTty(sysRoot, 'ttyUSB0', join(usb, '1-1:1.0/ttyUSB0'));
  addTty(sysRoot, 'ttyUSB9', join(usb, '1-1:1.0/ttyUSB9'));
  for (const [name, type] of [
    ['ttyS0', '4'],
    ['ttyS1', '0'],
  ] as const) {
    addTty(sysRoot, name, join(sysRoot, 'devices/platform/serial8250'));
    write(join(sysRoot, 'class/tty', name, 'type'), type);
  }
  mkdirSync(join(sysRoot, 'class/tty/tty1'));
  for (const name of ['ttyUSB0', 'ttyS0', 'ttyS1', 'tty1']) write(join(devRoot, name), '');
  mkdirSync(join(devRoot, 'serial/by-id'), { recursive: true });
  symlinkSync('../../ttyUSB0', join(devRoot, 'serial/by-id/usb-CP2102'));
  return { sysRoot, devRoot, remove: () => rmSync(root, { recursive: true }) };
}

function addTty(sysRoot: string, name: string, device: string): void {
  const entry = join(sysRoot, 'class/tty', name);
  mkdirSync(device, { recursive: true });
  mkdirSync(entry, { recursive: true });
  symlinkSync(device, join(entry, 'device'));
}

const noUdevadm = () => Promise.reject(new Error('spawn udevadm ENOENT'));

test('without udevadm, ports come from /sys: with hardware, with a device file, with their USB data', async (t) => {
  const machine = makeMachine();
  const ports = await listPorts({ ...machine, list: noUdevadm });
  t.deepEqual(
    ports.map((port) => port.path),
    [join(machine.devRoot, 'ttyS0'), join(machine.devRoot, 'ttyUSB0')],
  );
  t.deepEqual(ports[1], {
    path: join(machine.devRoot, 'ttyUSB0'),
    vendorId: '10c4',
    productId: 'ea60',
    serialNumber: '0001',
    manufacturer: 'Silicon Labs',
    byId: join(machine.devRoot, 'serial/by-id/usb-CP2102'),
    knownAs: 'CP210x bridge',
  });
  machine.remove();
});

test('a list of serialport keeps its ids, in one form, and gains the stable name', async (t) => {
  const machine = makeMachine();
  const path = join(machine.devRoot, 'ttyUSB0');
  const list = async () => [{ path, vendorId: '0x1A86', productId: '55D4', serialNumber: 'X1' }];
  t.like((await listPorts({ ...machine, list }))[0], {
    vendorId: '1a86',
    productId: '55d4',
    serialNumber: 'X1',
    knownAs: 'CH9102 bridge',
    byId: join(machine.devRoot, 'serial/by-id/usb-CP2102'),
  });
  machine.remove();
});

test('ids that serialport does not know, as without a udev database, are read from /sys', async (t) => {
  const machine = makeMachine();
  const list = async () => [{ path: join(machine.devRoot, 'ttyUSB0') }];
  t.like((await listPorts({ ...machine, list }))[0], { vendorId: '10c4', knownAs: 'CP210x bridge' });
  machine.remove();
});

test('ports are in the order of their numbers', async (t) => {
  const list = async () => ['ttyUSB10', 'ttyUSB9', 'ttyACM0'].map((name) => ({ path: `/nowhere/${name}` }));
  const ports = await listPorts({ sysRoot: '/nowhere', devRoot: '/nowhere', list });
  t.deepEqual(
    ports.map((port) => port.path),
    ['/nowhere/ttyACM0', '/nowhere/ttyUSB9', '/nowhere/ttyUSB10'],
  );
});

test('a machine without /sys and /dev has no ports, and this one can be listed', async (t) => {
  t.deepEqual(await listPorts({ sysRoot: '/nowhere', devRoot: '/nowhere', list: noUdevadm }), []);
  t.true(Array.isArray(await listPorts()));
});

// ---- Opening what was chosen --------------------------------------------------------------------------------------

const NOBODY: LinkHandlers = { onBytes: () => undefined, onClosed: () => undefined };

ptyTest('the chosen port is opened, and the link has its path', async (t) => {
  const pty = await openPty();
  const list = async () => [ARDUINO, { ...CP210X, path: pty.path }];
  const link = await openPort({ port: 'auto', baud: 115_200 }, { list })(NOBODY);
  t.is(link.name, pty.path);
  await link.close();
  await pty.close();
});

test('when no port or several match, opening is refused and lists the candidates', async (t) => {
  const open = (port: string, ports: SerialPortInfo[]) =>
    t.throwsAsync(openPort({ port, baud: 115_200 }, { list: async () => ports })(NOBODY), {
      instanceOf: LinkError,
    });
  t.like(await open('auto', []), { reason: 'noDevice' });
  t.like(await open('usb:0403:6001', [CP210X]), { reason: 'noDevice' });
  const several = await open('auto', [CP210X, CH340]);
  t.is(several?.reason, 'severalDevices');
  t.regex(several?.message ?? '', /ttyUSB0.*ttyUSB1/);
});

test('a path is opened without listing the ports', async (t) => {
  const list = () => Promise.reject(new Error('must not be called'));
  const opening = openPort({ port: '/nowhere/ttyUSB0', baud: 115_200 }, { list })(NOBODY);
  t.like(await t.throwsAsync(opening), { reason: 'noDevice' });
});

// ---- Noticing -----------------------------------------------------------------------------------------------------

/** A directory, and the hints that come for a port in `below`, which is in it. */
function watched(below: string) {
  const root = mkdtempSync(join(tmpdir(), 'meshgate-watch-'));
  const clock = new ManualClock();
  let hints = 0;
  const end = watchForDevices(join(root, below, 'ttyUSB0'), () => hints++, clock);
  return {
    root,
    clock,
    end,
    hints: () => hints,
    /** Moves time on until `count` hints have come; the system's own notifications take a moment. */
    until: (count: number) =>
      until(
        () => hints >= count,
        `${count} hints`,
        async () => {
          await setTimeout(10);
          clock.advance(10);
        },
      ),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Changes something in a directory, and waits until its watchers have been notified. */
async function noticed(directory: string, change: () => void): Promise<void> {
  const watcher = watchFolder(directory);
  const notified = once(watcher, 'change');
  change();
  await notified;
  watcher.close();
}

test('a device that appears gives a hint after 50 ms and another when udev is done with it', async (t) => {
  const watch = watched('.');
  writeFileSync(join(watch.root, 'ttyUSB0'), '');
  writeFileSync(join(watch.root, 'ttyUSB1'), '');
  await watch.until(2);
  t.is(watch.hints(), 2);
  watch.end();
  watch.remove();
});

test('a directory that does not exist yet is awaited, level by level', async (t) => {
  const watch = watched('serial/by-id');
  mkdirSync(join(watch.root, 'serial'));
  await watch.until(2);
  mkdirSync(join(watch.root, 'serial/by-id'));
  await watch.until(4);
  writeFileSync(join(watch.root, 'serial/by-id/usb-CP2102'), '');
  await watch.until(6);
  t.is(watch.hints(), 6);
  rmSync(join(watch.root, 'serial'), { recursive: true });
  await watch.until(8);
  mkdirSync(join(watch.root, 'serial'));
  await watch.until(10);
  t.true(watch.hints() >= 10);
  watch.end();
  watch.remove();
});

test('after the end no hint comes, and writing to a device gives none', async (t) => {
  const watch = watched('.');
  writeFileSync(join(watch.root, 'ttyUSB0'), '');
  await watch.until(2);
  await noticed(watch.root, () => writeFileSync(join(watch.root, 'ttyUSB0'), 'bytes'));
  watch.clock.advance(1_000);
  t.is(watch.hints(), 2);
  await noticed(watch.root, () => rmSync(join(watch.root, 'ttyUSB0')));
  watch.end();
  watch.end();
  watch.clock.advance(1_000);
  t.is(watch.hints(), 2);
  watch.remove();
});

test('any port setting can be watched, even an invalid one', (t) => {
  for (const wanted of ['auto', 'usb:10C4:EA60', '/nowhere/at/all', 'ttyUSB0', '/dev/\0', '']) {
    t.notThrows(() => watchForDevices(wanted, () => undefined)(), wanted);
  }
});

test('a board is identified by its ids and serial number, by whatever name its port is opened; cleaned for display', async (t) => {
  const machine = makeMachine();
  t.teardown(machine.remove);
  const identity = 'usb:10c4:ea60:0001';
  t.is(await boardIdentity(join(machine.devRoot, 'ttyUSB0'), machine.sysRoot), identity);
  t.is(await boardIdentity(join(machine.devRoot, 'serial/by-id/usb-CP2102'), machine.sysRoot), identity);
});

test('a port that is not on USB, or does not exist, identifies no board', async (t) => {
  const machine = makeMachine();
  t.teardown(machine.remove);
  t.is(await boardIdentity(join(machine.devRoot, 'ttyS0'), machine.sysRoot), undefined);
  t.is(await boardIdentity('/dev/pts/0', machine.sysRoot), undefined);
  t.is(await boardIdentity('/no/such/port', machine.sysRoot), undefined);
});
