/** All settings of the gateway, including a section for each manifest. */
import type { GivenSettings } from '../config/given.js';
import * as load from '../config/load.js';
import type { Config } from '../config/schema.js';
import { manifestSections } from './manifests.js';

/**
 * Reads and merges all settings. `flags`: from the command line; `file`: from `--config`.
 * Throws `BAD_CONFIG` with the setting's name, its value unless it is secret, and what is allowed.
 */
export function loadConfig(flags: GivenSettings, file?: string, env?: NodeJS.ProcessEnv): Config {
  return load.loadConfig({ flags, file, env }, manifestSections);
}

/** Every setting's name: `port`, `mesh.idle_after_s` … */
export function settingNames(): string[] {
  return load.settingNames(manifestSections);
}

/** Names of the settings that are secret. */
export function secretSettings(): string[] {
  return load.secretSettings(manifestSections);
}
