/** A device is hardware other than the mesh: docs/writing-devices.md shows how to write one. */

import type * as z from 'zod';
import type { Clock } from '../base/clock.js';
import { MeshgateError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { GatewayHub } from '../hub/gateway-hub.js';
import type { Manifest, SettingsSection } from '../hub/manifest.js';
import type { OpenLink } from '../link/link.js';
import type { PortSettings } from '../link/open-port.js';
import type { PortUse } from '../link/port-use.js';
import type { TcpLinkSettings } from '../link/tcp-link.js';

/** Opens links whose bytes the flight recorder keeps, under the name of the device's source. */
export interface DeviceLinks {
  serial(settings: PortSettings, name: string): OpenLink;
  tcp(settings: TcpLinkSettings, name: string): OpenLink;
  /** Any other link. */
  record(openLink: OpenLink, name: string): OpenLink;
}

/** Everything that a device gets besides its own settings. */
export interface DeviceOptions {
  /** Open the source in `create`: its devices are then listed before any link is up. */
  readonly hub: GatewayHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly links: DeviceLinks;
  /** For files that outlive the process; undefined when nothing is kept. */
  readonly stateDirectory: string | undefined;
  /** 0–1, for the jitter of pauses. */
  readonly random: () => number;
}

/** One source, with its link and any number of devices. */
export interface Device {
  /** Name of its source. */
  readonly name: string;
  /** Returns at once; what is not available yet is retried later. */
  start(): void;
  /** Closes its source and its link within 2 s, from any state. */
  stop(): Promise<void>;
}

/**
 * `create` resolves with one `Device` for each source; with none, or undefined, if the settings enable none. Its counters
 * are those of its sources, in a group with the manifest's name: `{ hev: { frames: 7 } }`. For a list of tables, that
 * group has a group for each source: `{ device: { bench: { lines: 7 } } }`. Places of `metrics` are below the first group.
 */
export interface DeviceManifest<Section extends SettingsSection = SettingsSection>
  extends Manifest<Section, DeviceOptions, readonly Device[]> {
  /** The serial ports in its settings: `auto` does not take them for the root, and no two devices may have one. */
  serialPorts?(settings: z.output<Section>): readonly PortUse[];
}

/** Returns the manifest unchanged; checks at compile time that `create` accepts what `settings` yields. */
export function defineDevice<Section extends SettingsSection>(
  manifest: DeviceManifest<Section>,
): DeviceManifest<Section> {
  return manifest;
}

/** `BAD_CONFIG` for a setting whose value fits its schema, but cannot work. */
export function badDeviceSetting(setting: string, value: unknown, why: string): MeshgateError {
  return new MeshgateError('BAD_CONFIG', `${setting} = ${JSON.stringify(value)}: ${why}`);
}
