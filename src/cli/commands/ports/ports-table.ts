import { type SerialPortInfo, usbIdOf } from '../../../link/port-choice.js';
import { type Column, formatTable } from '../../text/table.js';
import type { Terminal } from '../../text/terminal.js';

const NO_PORTS = `No serial ports found. Check that:
  - the board is plugged in, and its cable carries data (many only charge)
  - this machine sees it: dmesg lists a ttyUSB or ttyACM device when it is plugged in
  - in a container or a virtual machine, the device is passed through
If a port is listed but does not open, run meshgate doctor: it shows the missing permission.
`;

const COLUMNS: readonly Column<SerialPortInfo>[] = [
  { title: 'PATH', text: ({ path }) => path },
  { title: 'USB ID', text: (port) => usbIdOf(port) ?? '-' },
  { title: 'KNOWN AS', text: ({ knownAs }) => knownAs ?? '-' },
  { title: 'SERIAL', text: ({ serialNumber }) => serialNumber ?? '-', optional: 1 },
  { title: 'BY ID', text: ({ byId }) => byId ?? '-', flexible: 36 },
];

/** The ports as a table, or what to check if there are none; ends in a newline. */
export function formatPorts(ports: readonly SerialPortInfo[], terminal: Terminal): string {
  return ports.length === 0 ? NO_PORTS : formatTable(COLUMNS, ports, terminal);
}
