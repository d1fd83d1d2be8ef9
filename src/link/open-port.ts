import { clearHangUpOnClose } from './hang-up-on-close.js';
import { LinkError, type OpenLink } from './link.js';
import { choosePort, parsePortSpec } from './port-choice.js';
import { boardIdentity, type ListPorts, listPorts } from './port-list.js';
import { type PortUse, withReservations } from './port-use.js';
import type { SerialLinkOptions, SerialLinkSettings } from './serial-link.js';

/** `port`: `auto`, a path, `usb:VID:PID` or `usb:VID:PID:SERIAL`. */
export interface PortSettings extends Omit<SerialLinkSettings, 'path'> {
  readonly port: string;
}

export interface PortOptions extends SerialLinkOptions {
  readonly list?: ListPorts;
  /** Ports that others are configured for or have open: not chosen unless `port` is a path. */
  readonly reserved?: () => readonly PortUse[];
  /** Returns the identity of the board, if known. */
  readonly identify?: (path: string) => Promise<string | undefined>;
  /** Called with the chosen port and the reason, each time that one is opened. */
  readonly onChosen?: (why: string) => void;
}

/**
 * Opens the configured port. The port is chosen at each opening, because a device can come back under another name; the
 * link's name is the chosen path. Rejects with a `LinkError`: `noDevice` and `severalDevices` list the candidates and
 * say what to do.
 */
export function openPort({ port, ...serial }: PortSettings, options: PortOptions = {}): OpenLink {
  return async (handlers) => {
    const { path, why } = await choose(port, options);
    const identity = await (options.identify ?? boardIdentity)(path);
    // Loaded late: its native code is not needed before clients are served.
    const { openSerialLink } = await import('./serial-link.js');
    const link = await openSerialLink({ ...serial, path, identity }, options)(handlers);
    options.onChosen?.(why);
    clearHangUpOnClose(path);
    return link;
  };
}

async function choose(
  port: string,
  { list = listPorts, reserved = () => [] }: PortOptions,
): Promise<{ path: string; why: string }> {
  const needsList = parsePortSpec(port)?.kind !== 'path';
  const choice = choosePort(port, needsList ? await withReservations(await list(), reserved()) : []);
  if (choice.kind === 'chosen') return choice;
  throw new LinkError(choice.kind === 'several' ? 'severalDevices' : 'noDevice', choice.why);
}
