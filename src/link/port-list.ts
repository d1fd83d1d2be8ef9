/** Lists the serial ports of this machine. */
import { access, readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import createDebug from 'debug';
import { cleanText } from '../base/clean-text.js';
import { type CancelTimer, systemClock } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { KNOWN_BRIDGES, type SerialPortInfo } from './port-choice.js';

const log = createDebug('meshgate:uart');

export type ListPorts = () => Promise<readonly SerialPortInfo[]>;

/** What tests replace. */
export interface PortListOptions {
  readonly sysRoot?: string;
  readonly devRoot?: string;
  readonly list?: ListPorts;
}

/** udevadm takes some 20 ms, but it can hang. */
const LIST_TIMEOUT_MS = 3_000;

/** The same as in @serialport/bindings-cpp, so that both ways of listing agree. */
const PORT_NAME = /^(tty(S|WCH|ACM|USB|AMA|MFD|O|XRUSB)|rfcomm)\d/;

/** USB interface, port and hub lie between a tty and the device that carries the ids. */
const MAX_LEVELS_TO_USB_DEVICE = 5;

/**
 * The serial ports of this machine, by name. From serialport, which asks udevadm; from /sys if udevadm is missing, as in
 * many containers. Ports without hardware (ttyS1 …) are omitted.
 */
export async function listPorts(options: PortListOptions = {}): Promise<SerialPortInfo[]> {
  const { sysRoot = '/sys', devRoot = '/dev', list = listBySerialport } = options;
  const listed = await list().catch((error: unknown) => {
    log('serialport cannot list the ports (%s); reading %s', errorText(error), sysRoot);
    return listFromSys(sysRoot, devRoot);
  });
  const names = await readById(devRoot);
  const ports = await Promise.all(listed.map((port) => describe(port, sysRoot, names)));
  return ports
    .filter((port) => port !== undefined)
    .sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

/** Loaded late: a gateway with a path as its port never needs the package. */
async function listBySerialport(): Promise<SerialPortInfo[]> {
  const { SerialPort } = await import('serialport');
  let cancel: CancelTimer = () => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    cancel = systemClock.after(LIST_TIMEOUT_MS, () => reject(new Error('listing the ports timed out')));
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
      const hasDevice = (await exists(path)) && (await exists(join(sysRoot, 'class/tty', name, 'device')));
      return hasDevice ? { path } : undefined;
    }),
  );
  return ports.filter((port) => port !== undefined);
}

/** Adds the facts from /sys and /dev; undefined for a port without hardware. */
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
 * `usb:10c4:ea60:0001`: identifies a board; cleaned for display. Undefined if the adapter has no serial number, or is not
 * on USB.
 */
export async function boardIdentity(path: string, sysRoot = '/sys'): Promise<string | undefined> {
  const device = await realpath(path).catch(() => path);
  const usb = await readUsbDevice(join(sysRoot, 'class/tty', basename(device)));
  const serialNumber = clean(usb.serialNumber);
  if (!usb.vendorId || serialNumber === undefined) return undefined;
  return `usb:${usbNumber(usb.vendorId)}:${usbNumber(usb.productId)}:${serialNumber}`;
}

/** Texts from a device may contain escape sequences. */
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
