/**
 * Which serial ports are there, which of them is meant, and when to look again.
 */
import { type FSWatcher, watch } from 'node:fs';
import { access, readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import createDebug from 'debug';
import { cleanText } from '../base/clean-text.js';
import { type CancelTimer, type Clock, systemClock } from '../base/clock.js';
import { errorText } from '../base/errors.js';

const log = createDebug('meshgate:uart');

export interface SerialPortInfo {
  readonly path: string;
  /** USB ids: 4 lower-case hexadecimal digits; absent when the port is not on USB. */
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly manufacturer?: string | undefined;
  /** The name in /dev/serial/by-id, which stays when devices are plugged in another order. */
  readonly byId?: string | undefined;
  /** What boards with an ESP32 call their serial bridge; absent when the USB id is none of theirs. */
  readonly knownAs?: string | undefined;
}

/** By USB id; packaging/60-meshgate.rules has the same. */
export const KNOWN_BRIDGES: Readonly<Record<string, string>> = {
  '10c4:ea60': 'CP210x bridge',
  '1a86:7523': 'CH340 bridge',
  '1a86:55d4': 'CH9102 bridge',
  '0403:6001': 'FT232 bridge',
  '0403:6015': 'FT-X bridge',
  '303a:1001': 'ESP32 native USB serial/JTAG',
};

// ---- Choosing: pure -------------------------------------------------------------------------------------------

/** What a person asks for: `auto`, a path, or `usb:VID:PID` with or without `:SERIAL`. */
export type PortWish =
  | { readonly kind: 'auto' }
  | { readonly kind: 'path'; readonly path: string }
  | {
      readonly kind: 'usb';
      readonly vendorId: string;
      readonly productId: string;
      readonly serialNumber?: string | undefined;
    };

/** A serial number may hold colons: an ESP32 gives its MAC address. */
const USB_WISH = /^usb:([0-9a-f]{4}):([0-9a-f]{4})(?::(.+))?$/;

/** Understands a wish; upper and lower case are the same except in a path. `undefined` for nonsense. */
export function parsePortWish(text: string): PortWish | undefined {
  const lower = text.toLowerCase();
  if (lower === 'auto') return { kind: 'auto' };
  const [, vendorId, productId, serialNumber] = USB_WISH.exec(lower) ?? [];
  if (vendorId && productId) return { kind: 'usb', vendorId, productId, serialNumber };
  if (lower.startsWith('usb:') || text.trim() === '' || text.includes('\0')) return undefined;
  return { kind: 'path', path: text };
}

/** What is wrong with a wish, for people; `undefined` when nothing is. */
export function portWishProblem(text: string): string | undefined {
  if (parsePortWish(text)) return undefined;
  return `"${text}" names no port: use auto, a path such as /dev/ttyUSB0, usb:10C4:EA60 or usb:10C4:EA60:SERIAL`;
}

/** `why` is a sentence for people; where no port was chosen, it says what to do. */
export type PortChoice =
  | { readonly kind: 'chosen'; readonly path: string; readonly why: string }
  | {
      readonly kind: 'none' | 'several';
      readonly candidates: readonly SerialPortInfo[];
      readonly why: string;
    };

/** Chooses among `ports`. A path is taken as it is, listed or not. Never guesses between two. */
export function choosePort(wanted: string, ports: readonly SerialPortInfo[]): PortChoice {
  const wish = parsePortWish(wanted);
  if (!wish) return { kind: 'none', candidates: [], why: portWishProblem(wanted) ?? '' };
  if (wish.kind === 'path')
    return { kind: 'chosen', path: wish.path, why: `${wish.path}: named by its path` };
  const fitting = ports.filter((port) => (wish.kind === 'auto' ? port.knownAs : hasUsbId(port, wish)));
  const what = wish.kind === 'auto' ? 'known serial bridge' : `serial port with ${wanted}`;
  const [only] = fitting;
  if (!only) return noneOf(ports, what);
  if (fitting.length > 1) return severalOf(fitting, what);
  return { kind: 'chosen', path: only.path, why: `${describePort(only)}, the only ${what}` };
}

function hasUsbId(port: SerialPortInfo, wish: Extract<PortWish, { kind: 'usb' }>): boolean {
  if (port.vendorId !== wish.vendorId || port.productId !== wish.productId) return false;
  return wish.serialNumber === undefined || port.serialNumber?.toLowerCase() === wish.serialNumber;
}

function noneOf(ports: readonly SerialPortInfo[], what: string): PortChoice {
  const there = ports.length === 0 ? 'there is no serial port at all' : `there is ${listOf(ports)}`;
  const [first] = ports;
  const todo = first
    ? `name the port if it is one of these, for example ${bestNameOf(first)}`
    : 'check that the board is plugged in, that its cable carries data, and that this machine sees it (dmesg)';
  return { kind: 'none', candidates: ports, why: `no ${what}: ${there}; ${todo}` };
}

function severalOf(candidates: readonly SerialPortInfo[], what: string): PortChoice {
  const names = candidates.map(bestNameOf).join(' or ');
  const why = `more than one ${what}: ${listOf(candidates)}; name the one that is the root: ${names}`;
  return { kind: 'several', candidates, why };
}

function listOf(ports: readonly SerialPortInfo[]): string {
  return ports.map(describePort).join(', ');
}

/** The name to put into the settings: one that stays, if there is one. */
function bestNameOf(port: SerialPortInfo): string {
  return port.byId ?? port.path;
}

/** `/dev/ttyUSB0: CP210x bridge (10C4:EA60)` */
export function describePort(port: SerialPortInfo): string {
  const id = usbIdOf(port);
  const what = port.knownAs ?? port.manufacturer ?? (id ? 'USB device' : 'not on USB');
  return `${port.path}: ${what}${id ? ` (${id})` : ''}`;
}

/** `10C4:EA60`, as people write it. */
export function usbIdOf(port: SerialPortInfo): string | undefined {
  return port.vendorId && port.productId && `${port.vendorId}:${port.productId}`.toUpperCase();
}

// ---- Listing --------------------------------------------------------------------------------------------------

export type ListPorts = () => Promise<readonly SerialPortInfo[]>;

/** What tests replace. */
export interface PortListParts {
  readonly sysRoot?: string;
  readonly devRoot?: string;
  readonly list?: ListPorts;
}

/** udevadm answers in some 20 ms; one that hangs is not waited for. */
const LIST_TIMEOUT_MS = 3_000;

/** As in @serialport/bindings-cpp, so that both ways of listing agree. */
const PORT_NAME = /^(tty(S|WCH|ACM|USB|AMA|MFD|O|XRUSB)|rfcomm)\d/;

/** USB interface, port and hub lie between a tty and the device that carries the ids. */
const MAX_LEVELS_TO_USB_DEVICE = 5;

/**
 * The serial ports of this machine, in the order of their names. From serialport, which asks udevadm; from /sys
 * where that is missing, as in many containers. Ports without hardware behind them (ttyS1 …) are left out.
 */
export async function listPorts(parts: PortListParts = {}): Promise<SerialPortInfo[]> {
  const { sysRoot = '/sys', devRoot = '/dev', list = listBySerialport } = parts;
  const listed = await list().catch((error: unknown) => {
    log('no list from serialport (%s), reading %s', errorText(error), sysRoot);
    return listFromSys(sysRoot, devRoot);
  });
  const names = await readById(devRoot);
  const ports = await Promise.all(listed.map((port) => describe(port, sysRoot, names)));
  return ports
    .filter((port) => port !== undefined)
    .sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

/** Loaded only here: a gateway that is given a path never needs the package. */
async function listBySerialport(): Promise<SerialPortInfo[]> {
  const { SerialPort } = await import('serialport');
  let cancel: CancelTimer = () => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    cancel = systemClock.after(LIST_TIMEOUT_MS, () => reject(new Error('listing took too long')));
  });
  try {
    return await Promise.race([SerialPort.list(), tooLate]);
  } finally {
    cancel();
  }
}

async function listFromSys(sysRoot: string, devRoot: string): Promise<SerialPortInfo[]> {
  const names = (await readdir(join(sysRoot, 'class/tty')).catch(() => [])).filter((n) => PORT_NAME.test(n));
  const ports = await Promise.all(
    names.map(async (name) => {
      const path = join(devRoot, name);
      const there = (await exists(path)) && (await exists(join(sysRoot, 'class/tty', name, 'device')));
      return there ? { path } : undefined;
    }),
  );
  return ports.filter((port) => port !== undefined);
}

/** Fills in what /sys and /dev know; `undefined` for a port without hardware. */
async function describe(
  port: SerialPortInfo,
  sysRoot: string,
  names: ReadonlyMap<string, string>,
): Promise<SerialPortInfo | undefined> {
  const entry = join(sysRoot, 'class/tty', port.path.slice(port.path.lastIndexOf('/') + 1));
  if ((await readLine(join(entry, 'type'))) === '0') return undefined;
  const usb = port.vendorId ? port : await readUsbDevice(entry);
  const vendorId = usbNumber(usb.vendorId);
  const productId = usbNumber(usb.productId);
  return {
    path: port.path,
    vendorId,
    productId,
    serialNumber: clean(usb.serialNumber),
    manufacturer: clean(usb.manufacturer),
    byId: names.get(await realpath(port.path).catch(() => port.path)),
    knownAs: KNOWN_BRIDGES[`${vendorId}:${productId}`],
  };
}

type UsbDevice = Pick<SerialPortInfo, 'vendorId' | 'productId' | 'serialNumber' | 'manufacturer'>;

async function readUsbDevice(ttyEntry: string): Promise<UsbDevice> {
  let directory = await realpath(join(ttyEntry, 'device')).catch(() => undefined);
  for (let level = 0; directory && level < MAX_LEVELS_TO_USB_DEVICE; level++) {
    const vendorId = await readLine(join(directory, 'idVendor'));
    if (vendorId) {
      return {
        vendorId,
        productId: await readLine(join(directory, 'idProduct')),
        serialNumber: await readLine(join(directory, 'serial')),
        manufacturer: await readLine(join(directory, 'manufacturer')),
      };
    }
    directory = dirname(directory);
  }
  return {};
}

/**
 * `usb:10c4:ea60:0001`: tells one board from another, and what it is cleaned for display. Undefined where the adapter
 * has no serial number, or is not on USB.
 */
export async function boardIdentity(path: string, sysRoot = '/sys'): Promise<string | undefined> {
  const device = await realpath(path).catch(() => path);
  const usb = await readUsbDevice(join(sysRoot, 'class/tty', basename(device)));
  const serialNumber = clean(usb.serialNumber);
  if (!usb.vendorId || serialNumber === undefined) return undefined;
  return `usb:${usbNumber(usb.vendorId)}:${usbNumber(usb.productId)}:${serialNumber}`;
}

/** What a device says about itself is not trusted with a terminal. */
function clean(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cleanText(text) || undefined;
}

function usbNumber(text: string | undefined): string | undefined {
  return text?.toLowerCase().replace(/^0x/, '').padStart(4, '0');
}

/** Real path of a device → its path in serial/by-id. */
async function readById(devRoot: string): Promise<Map<string, string>> {
  const directory = join(devRoot, 'serial/by-id');
  const paths = new Map<string, string>();
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const target = await realpath(path).catch(() => undefined);
    if (target) paths.set(target, path);
  }
  return paths;
}

async function readLine(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

// ---- Noticing -------------------------------------------------------------------------------------------------

/** Many changes come together; and udev sets the group and makes the links only after the device is there. */
const HINT_AFTER_MS = [50, 500] as const;

/**
 * Calls `onChange` when something was made or removed where the wished port would appear: a hint that it may be
 * there, worth an attempt to open it. That is the directory of a path, in its nearest existing parent while it
 * is not there, and /dev for `auto` and `usb:…`. The hint comes 50 ms after the change and once more after
 * 500 ms, at most twice in 500 ms. Never throws: where watching is impossible, no hint comes. Keeps no process
 * alive. Returns the end of it.
 */
export function watchForDevices(
  wanted: string,
  onChange: () => void,
  clock: Clock = systemClock,
): () => void {
  const wish = parsePortWish(wanted);
  const directory = wish?.kind === 'path' ? dirname(resolve(wish.path)) : '/dev';
  let timers: readonly CancelTimer[] = [];
  let endWatch = watchNearest(directory, onEvent);

  function onEvent(): void {
    if (timers.length > 0) return;
    timers = HINT_AFTER_MS.map((ms, index) =>
      clock.after(ms, () => hint(index === HINT_AFTER_MS.length - 1)),
    );
  }

  function hint(isLast: boolean): void {
    if (isLast) timers = [];
    const endOld = endWatch;
    endWatch = watchNearest(directory, onEvent);
    endOld();
    onChange();
  }

  return () => {
    for (const cancel of timers) cancel();
    endWatch();
  };
}

/** Watches `directory`, or its nearest parent that can be watched. */
function watchNearest(directory: string, onEvent: () => void): () => void {
  for (let path = directory; ; path = dirname(path)) {
    const watcher = tryWatch(path, onEvent);
    if (watcher) return () => watcher.close();
    if (path === dirname(path)) return () => undefined;
  }
}

/** Only what is made, renamed or removed counts: writing to any device in /dev is a `change`. */
function tryWatch(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, (event) => {
      if (event === 'rename') onEvent();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
