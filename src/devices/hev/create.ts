/** From the settings to the device. */
import { errorText } from '../../base/errors.js';
import type { Payload } from '../../codecs/hev/payload.js';
import type { HevDeviceSpec, HevPlace } from '../../config/sections/hev.js';
import { watchForDevices } from '../../link/device-watch.js';
import { badDeviceSetting, type DeviceOptions } from '../device.js';
import { openEmulator } from './emulator.js';
import { HevDevice, type HevLink } from './hev-device.js';
import { readDumpFile } from './read-dump.js';

/** Of the microcontroller's adapter; 8N1, no flow control. */
const LINE = { baud: 115_200, dataBits: 8, parity: 'none', stopBits: 1, dtr: 'keep', rts: 'keep' } as const;

/** Rejects with `BAD_CONFIG`. */
export async function createHevDevice(
  place: HevPlace,
  device: HevDeviceSpec,
  options: DeviceOptions,
): Promise<HevDevice> {
  const link =
    device.kind === 'port' ? portLink(place, device.port, options) : await emulatorLink(place, options);
  return new HevDevice(place, link, options);
}

function portLink({ id, table }: HevPlace, port: string, { links, clock }: DeviceOptions): HevLink {
  if (table.dump !== undefined)
    throw badDeviceSetting(`${id}.dump`, table.dump, 'needs device = "emulator", which plays it');
  return {
    description: 'Ventilator test bench',
    openLink: links.serial({ ...LINE, port }, id),
    watchForDevices: (onChange) => watchForDevices(port, onChange, clock),
  };
}

async function emulatorLink(
  { id, table }: HevPlace,
  { links, clock, random }: DeviceOptions,
): Promise<HevLink> {
  const dump = table.dump === undefined ? undefined : await dumpOf(id, table.dump);
  return {
    description: dump ? 'Ventilator emulator, playing a dump' : 'Ventilator emulator',
    openLink: links.record(openEmulator({ clock, random, dump }), id),
    watchForDevices: undefined,
  };
}

async function dumpOf(id: string, path: string): Promise<readonly Payload[]> {
  try {
    return await readDumpFile(path);
  } catch (error) {
    throw badDeviceSetting(`${id}.dump`, path, errorText(error));
  }
}
