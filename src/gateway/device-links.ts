import type { Log } from '../base/log.js';
import type { DeviceLinks } from '../devices/device.js';
import type { OpenLink } from '../link/link.js';
import { openPort } from '../link/open-port.js';
import { openTcpLink } from '../link/tcp-link.js';

/** Links of devices; `record`: keeps their bytes in the flight recorder. */
export function createDeviceLinks(
  log: Log,
  record: (openLink: OpenLink, name: string) => OpenLink,
): DeviceLinks {
  return {
    serial: (settings, name) =>
      record(openPort(settings, { onChosen: (why) => log.info(`${name}: chose ${why}`) }), name),
    tcp: (settings, name) => record(openTcpLink(settings), name),
    record,
  };
}
