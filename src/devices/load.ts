import type { Log } from '../base/log.js';
import { type GivenSettings, isSection, valueAt } from '../config/given.js';
import type { Config } from '../config/schema.js';
import { type PortUse, refuseSharedPorts } from '../link/port-use.js';
import { dataforge } from './dataforge/index.js';
import { dcss } from './dcss/index.js';
import { demo } from './demo/index.js';
import type { Device, DeviceManifest, DeviceOptions } from './device.js';
import { type DeviceKind, deviceList } from './device-list.js';
import { hev } from './hev/index.js';
import { lines } from './lines/index.js';
import { LISTED_METRICS } from './metrics.js';

/** Kinds of `[[device]]`: one line each. */
const KINDS: readonly DeviceKind[] = [demo, lines];

/** One line per folder with a settings section of its own. */
export const DEVICES: readonly DeviceManifest[] = [
  deviceList('device', KINDS, LISTED_METRICS),
  dataforge,
  hev,
  dcss,
];

export interface LoadDevicesOptions extends Omit<DeviceOptions, 'log'> {
  readonly logOf: (room: string) => Log;
}

/** The serial ports that the settings give to devices. */
export function configuredPorts(config: Config, manifests: readonly DeviceManifest[] = DEVICES): PortUse[] {
  return manifests.flatMap((manifest) => {
    const settings = settingsOf(config, manifest);
    return settings ? [...(manifest.serialPorts?.(settings) ?? [])] : [];
  });
}

function settingsOf(config: Config, { name }: DeviceManifest): GivenSettings | object[] | undefined {
  const settings = valueAt(config, [name]);
  return isSection(settings) || Array.isArray(settings) ? settings : undefined;
}

/** The configured devices, not started yet. Rejects with `BAD_CONFIG`. */
export async function loadDevices(
  config: Config,
  { logOf, ...options }: LoadDevicesOptions,
  manifests: readonly DeviceManifest[] = DEVICES,
): Promise<readonly Device[]> {
  const ofRoot = config.simulate || config.port === 'auto' ? [] : [{ user: 'the root', port: config.port }];
  refuseSharedPorts([...ofRoot, ...configuredPorts(config, manifests)]);
  const devices: Device[] = [];
  for (const manifest of manifests) {
    const settings = settingsOf(config, manifest);
    const log = logOf(manifest.name);
    if (settings) devices.push(...((await manifest.create(settings, { ...options, log })) ?? []));
  }
  return devices;
}
