import type { Log } from '../base/log.js';
import { isSection, valueAt } from '../config/given.js';
import type { Config } from '../config/schema.js';
import type { Connector, ConnectorManifest, ConnectorOptions } from './connector.js';
import { dataforge } from './dataforge/index.js';
import { dcss } from './dcss/index.js';
import { hev } from './hev/index.js';
import { mqtt } from './mqtt/index.js';

/** One line per connector. */
export const CONNECTORS: readonly ConnectorManifest[] = [mqtt, dataforge, hev, dcss];

export interface LoadOptions extends Omit<ConnectorOptions, 'log'> {
  readonly logOf: (room: string) => Log;
}

/** The configured connectors, by name, not started yet. Rejects with `BAD_CONFIG`. */
export async function loadConnectors(
  config: Config,
  { logOf, ...options }: LoadOptions,
  manifests = CONNECTORS,
): Promise<Map<string, Connector>> {
  const connectors = new Map<string, Connector>();
  for (const { name, create } of manifests) {
    const settings = valueAt(config, [name]);
    const isGiven = isSection(settings) || Array.isArray(settings);
    const connector = isGiven && (await create(settings, { ...options, log: logOf(name) }));
    if (connector) connectors.set(name, connector);
  }
  return connectors;
}
