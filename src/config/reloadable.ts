/** Which settings take effect on a reload, while the gateway runs. */
import { isDeepStrictEqual } from 'node:util';
import { type GivenSettings, isSection, valueAt } from './given.js';
import type { Config } from './schema.js';

/** The others need a restart: for them sockets, the port and tables would have to be opened again. */
export const RELOADABLE: readonly string[] = [
  'names',
  'mesh.idle_after_s',
  'mesh.disconnected_after_s',
  'mesh.root_silent_after_s',
  'clients.max',
  'clients.max_request',
  'clients.request_timeout_ms',
  'clients.settle_ms',
  'clients.outbox_bytes',
  'http.token',
  'http.read_token',
  'http.origins',
  'http.read_only',
  'log.format',
];

/** Names of the settings that differ. */
export function changedSettings(before: Config, after: Config): string[] {
  const names = new Set([...namesIn(after), ...namesIn(before)]);
  return [...names].filter(
    (name) => !isDeepStrictEqual(valueOfSetting(before, name), valueOfSetting(after, name)),
  );
}

/** Names of all settings that have a value. */
function namesIn(config: Config): string[] {
  return Object.entries(config).flatMap(([name, value]) =>
    isSection(value) ? Object.keys(value).map((key) => `${name}.${key}`) : [name],
  );
}

/** `before`, with the reloadable settings of `after`. */
export function withReloadable(before: Config, after: Config): Config {
  const merged: Record<string, unknown> = { ...before };
  for (const name of RELOADABLE) {
    const [section = '', key] = name.split('.');
    const value = valueOfSetting(after, name);
    merged[section] = key === undefined ? value : { ...(merged[section] as GivenSettings), [key]: value };
  }
  return merged as Config;
}

function valueOfSetting(config: Config, name: string): unknown {
  return valueAt(config, name.split('.'));
}
