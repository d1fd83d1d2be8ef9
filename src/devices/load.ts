import type { Log } from '../base/log.js';
import { isSection, valueAt } from '../config/given.js';
import type { Config } from '../config/schema.js';
import { dataforge } from './dataforge/index.js';
import type { Device, DeviceManifest, DeviceOptions } from './device.js';

/** One line per folder with a settings section of its own. */
export const DEVICES: readonly DeviceManifest[] = [dataforge];

export interface LoadDevicesOptions extends Omit<DeviceOptions, 'log'> {
  readonly logOf: (room: string) => Log;
}

/** The configured devices, not started yet. Rejects with `BAD_CONFIG`. */
export async function loadDevices(
  config: Config,
  { logOf, ...options }: LoadDevicesOptions,
  manifests: readonly DeviceManifest[] = DEVICES,
): Promise<readonly Device[]> {
  const devices: Device[] = [];
  for (const { name, create } of manifests) {
    const settings = valueAt(config, [name]);
    if (!isSection(settings) && !Array.isArray(settings)) continue;
    devices.push(...((await create(settings, { ...options, log: logOf(name) })) ?? []));
  }
  return devices;
}
