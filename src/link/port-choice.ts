/** Finds the serial port that the setting `port` refers to. */

export interface SerialPortInfo {
  readonly path: string;
  /** USB ids: 4 lower-case hexadecimal digits; absent if the port is not on USB. */
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly manufacturer?: string | undefined;
  /** The path in /dev/serial/by-id, which does not depend on the order of plugging in. */
  readonly byId?: string | undefined;
  /** Name of the serial bridge, if its USB id is one that ESP32 boards use. */
  readonly knownAs?: string | undefined;
  /** The device that it is configured for or that has it open; chosen by no other one, unless given by path. */
  readonly reservedFor?: string | undefined;
}

/** By USB id; keep packaging/60-meshgate.rules in step. */
export const KNOWN_BRIDGES: Readonly<Record<string, string>> = {
  '10c4:ea60': 'CP210x bridge',
  '1a86:7523': 'CH340 bridge',
  '1a86:55d4': 'CH9102 bridge',
  '0403:6001': 'FT232 bridge',
  '0403:6015': 'FT-X bridge',
  '303a:1001': 'ESP32 native USB serial/JTAG',
};

/** The setting `port`: `auto`, a path, or `usb:VID:PID` with or without `:SERIAL`. */
export type PortSpec =
  | { readonly kind: 'auto' }
  | { readonly kind: 'path'; readonly path: string }
  | {
      readonly kind: 'usb';
      readonly vendorId: string;
      readonly productId: string;
      readonly serialNumber?: string | undefined;
    };

/** A serial number may contain colons: that of an ESP32 is its MAC address. */
const USB_SPEC = /^usb:([0-9a-f]{4}):([0-9a-f]{4})(?::(.+))?$/;

/** Parses a port setting; case is ignored except in a path. Returns undefined if it is not valid. */
export function parsePortSpec(text: string): PortSpec | undefined {
  const lower = text.toLowerCase();
  if (lower === 'auto') return { kind: 'auto' };
  const [, vendorId, productId, serialNumber] = USB_SPEC.exec(lower) ?? [];
  if (vendorId && productId) return { kind: 'usb', vendorId, productId, serialNumber };
  if (lower.startsWith('usb:') || text.trim() === '' || text.includes('\0')) return undefined;
  return { kind: 'path', path: text };
}

/** Why a port setting is not valid, for people; undefined if it is valid. */
export function portSpecProblem(text: string): string | undefined {
  if (parsePortSpec(text)) return undefined;
  return `"${text}" is not a valid port: use auto, a path such as /dev/ttyUSB0, usb:10C4:EA60 or usb:10C4:EA60:SERIAL`;
}

/** `why` is a sentence for people; if no port was chosen, it says what to do. */
export type PortChoice =
  | { readonly kind: 'chosen'; readonly path: string; readonly why: string }
  | {
      readonly kind: 'none' | 'several';
      readonly candidates: readonly SerialPortInfo[];
      readonly why: string;
    };

/** Chooses among `ports`. A path is always accepted, listed or not. Never guesses between two ports. */
export function choosePort(wanted: string, ports: readonly SerialPortInfo[]): PortChoice {
  const spec = parsePortSpec(wanted);
  if (!spec) return { kind: 'none', candidates: [], why: portSpecProblem(wanted) ?? '' };
  if (spec.kind === 'path') return { kind: 'chosen', path: spec.path, why: `${spec.path}: given by path` };
  const matching = ports.filter((port) => (spec.kind === 'auto' ? port.knownAs : hasUsbId(port, spec)));
  const fitting = matching.filter(({ reservedFor }) => reservedFor === undefined);
  const reserved = matching.filter(({ reservedFor }) => reservedFor !== undefined);
  const what = `${reserved.length > 0 ? 'free ' : ''}${spec.kind === 'auto' ? 'known serial bridge' : `serial port with ${wanted}`}`;
  const [only] = fitting;
  if (!only) return noneOf(ports, what);
  if (fitting.length > 1) return severalOf(fitting, what);
  const others = reserved.length > 0 ? `; not considered: ${listOf(reserved)}` : '';
  return { kind: 'chosen', path: only.path, why: `${describePort(only)}, the only ${what}${others}` };
}

export function hasUsbId(port: SerialPortInfo, spec: Extract<PortSpec, { kind: 'usb' }>): boolean {
  if (port.vendorId !== spec.vendorId || port.productId !== spec.productId) return false;
  return spec.serialNumber === undefined || port.serialNumber?.toLowerCase() === spec.serialNumber;
}

function noneOf(ports: readonly SerialPortInfo[], what: string): PortChoice {
  const found = ports.length === 0 ? 'this machine has no serial ports' : `found ${listOf(ports)}`;
  const first = ports.find(({ reservedFor }) => reservedFor === undefined);
  const todo = first
    ? `if the root is one of these, set the port, for example ${bestNameOf(first)}`
    : 'check that the board is plugged in, that its cable carries data, and that dmesg shows it';
  return { kind: 'none', candidates: ports, why: `no ${what}: ${found}; ${todo}` };
}

function severalOf(candidates: readonly SerialPortInfo[], what: string): PortChoice {
  const names = candidates.map(bestNameOf).join(' or ');
  const why = `more than one ${what}: ${listOf(candidates)}; set the port of the root: ${names}`;
  return { kind: 'several', candidates, why };
}

function listOf(ports: readonly SerialPortInfo[]): string {
  return ports.map(describePort).join(', ');
}

/** The name to use in the settings: the permanent one, if there is one. */
function bestNameOf(port: SerialPortInfo): string {
  return port.byId ?? port.path;
}

/** `/dev/ttyUSB0: CP210x bridge (10C4:EA60), reserved for psu` */
export function describePort(port: SerialPortInfo): string {
  const id = usbIdOf(port);
  const what = port.knownAs ?? port.manufacturer ?? (id ? 'USB device' : 'not on USB');
  const reserved = port.reservedFor === undefined ? '' : `, reserved for ${port.reservedFor}`;
  return `${port.path}: ${what}${id ? ` (${id})` : ''}${reserved}`;
}

/** `10C4:EA60`: how USB ids are usually written. */
export function usbIdOf(port: SerialPortInfo): string | undefined {
  return port.vendorId && port.productId && `${port.vendorId}:${port.productId}`.toUpperCase();
}
