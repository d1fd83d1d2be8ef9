import { type SerialPortInfo, usbIdOf } from '../../../link/port-choice.js';
import { type Column, formatTable } from '../../text/table.js';
import type { Terminal } from '../../text/terminal.js';

const NO_PORTS = `No serial ports found. What to check:
  - the board is plugged in, and its cable carries data (many only charge)
  - this machine sees it: dmesg names a ttyUSB or ttyACM device when it is plugged in
  - in a container or a virtual machine, the device is passed through
A port that is listed but does not open needs permission: meshgate doctor tells which.
`;

const COLUMNS: readonly Column<SerialPortInfo>[] = [
  { title: 'PATH', text: ({ path }) => path },
  { title: 'USB ID', text: (port) => usbIdOf(port) ?? '-' },
  { title: 'KNOWN AS', text: ({ knownAs }) => knownAs ?? '-' },
  { title: 'SERIAL', text: ({ serialNumber }) => serialNumber ?? '-', optional: 1 },
  { title: 'BY ID', text: ({ byId }) => byId ?? '-', flexible: 36 },
];

/** The ports as a table for people, ending in a newline; what to check when there are none. */
export function formatPorts(ports: readonly SerialPortInfo[], terminal: Terminal): string {
  return ports.length === 0 ? NO_PORTS : formatTable(COLUMNS, ports, terminal);
}
