import { type SerialPortInfo, usbIdOf } from '../uart/port-finder.js';

const NO_PORTS = `No serial ports found. What to check:
  - the board is plugged in, and its cable carries data (many only charge)
  - this machine sees it: dmesg names a ttyUSB or ttyACM device when it is plugged in
  - in a container or a virtual machine, the device is passed through
A port that is listed but does not open needs permission: on Debian, membership in the group dialout.
`;

type Column = readonly [title: string, value: (port: SerialPortInfo) => string | undefined];

const COLUMNS: readonly Column[] = [
  ['PATH', (port) => port.path],
  ['USB ID', usbIdOf],
  ['KNOWN AS', (port) => port.knownAs],
  ['SERIAL', (port) => port.serialNumber],
  ['BY ID', (port) => port.byId],
];

/** The ports as a table for people, ending in a newline; what to check when there are none. */
export function formatPorts(ports: readonly SerialPortInfo[]): string {
  if (ports.length === 0) return NO_PORTS;
  const titles = COLUMNS.map(([title]) => title);
  const rows = [titles, ...ports.map((port) => COLUMNS.map(([, value]) => value(port) ?? '-'))];
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${alignRow(row, widths)}\n`).join('');
}

function alignRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((text, column) => text.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}
