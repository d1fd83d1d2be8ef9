/** All settings of the gateway, including a section for each manifest. */
import type { GivenSettings } from '../config/given.js';
import { valueAt } from '../config/given.js';
import * as load from '../config/load.js';
import type { Config } from '../config/schema.js';
import { manifestSections } from './manifests.js';

/** The device of `start --demo`. */
const DEMO = { id: 'bench', kind: 'demo' };

/**
 * Reads and merges all settings. `flags`: from the command line; `file`: from `--config`.
 * Throws `BAD_CONFIG` with the setting's name, its value unless it is secret, and what is allowed.
 */
export function loadConfig(flags: GivenSettings, file?: string, env?: NodeJS.ProcessEnv): Config {
  return load.loadConfig({ flags, file, env }, manifestSections);
}

/** Adds a device of the kind `demo`, unless the settings have one. */
export function withDemoDevice(config: Config): Config {
  const given = valueAt(config, ['device']);
  const devices: readonly unknown[] = Array.isArray(given) ? given : [];
  if (devices.some((device) => valueAt(device, ['kind']) === DEMO.kind)) return config;
  const added = loadConfig({ device: [DEMO] }, undefined, {});
  return { ...config, ...{ device: [...devices, ...(valueAt(added, ['device']) as unknown[])] } };
}

/** Every setting's name: `port`, `mesh.idle_after_s` … */
export function settingNames(): string[] {
  return load.settingNames(manifestSections);
}

/** Names of the settings that are secret. */
export function secretSettings(): string[] {
  return load.secretSettings(manifestSections);
}
