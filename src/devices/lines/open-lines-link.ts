/** Opens the serial port or the TCP peer of an instrument. */
import { watchForDevices } from '../../link/device-watch.js';
import type { OpenLink } from '../../link/link.js';
import { parseTcpAddress } from '../../link/tcp-address.js';
import type { DeviceOptions } from '../device.js';
import type { LinesTable } from './section.js';

export interface LinesLink {
  readonly openLink: OpenLink;
  /** Undefined for a TCP peer: nothing shows that it is back. */
  readonly watchForDevices: ((onChange: () => void) => () => void) | undefined;
}

type LinkTable = Pick<LinesTable, 'port' | 'baud' | 'data_bits' | 'parity' | 'stop_bits' | 'dtr' | 'rts'>;

export function linesLink(name: string, table: LinkTable, { links, clock }: DeviceOptions): LinesLink {
  const peer = parseTcpAddress(table.port);
  if (peer) return { openLink: links.tcp(peer, name), watchForDevices: undefined };
  const { port, baud, data_bits: dataBits, parity, stop_bits: stopBits, dtr, rts } = table;
  return {
    openLink: links.serial({ port, baud, dataBits, parity, stopBits, dtr, rts }, name),
    watchForDevices: (onChange) => watchForDevices(port, onChange, clock),
  };
}
