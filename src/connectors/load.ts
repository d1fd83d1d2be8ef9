import type { Log } from '../base/log.js';
import type { Connector, ConnectorParts } from './connector.js';
import type { MqttSettings } from './mqtt/settings.js';

/** The settings of each connector; one without settings is not wanted. */
export interface ConnectorSettings {
  readonly mqtt: MqttSettings | undefined;
}

type Table = {
  readonly [Name in keyof ConnectorSettings]: (
    settings: NonNullable<ConnectorSettings[Name]>,
    parts: ConnectorParts,
  ) => Promise<Connector>;
};

/** Each is loaded only when it is wanted. */
const CONNECTORS: Table = {
  mqtt: async (settings, parts) => {
    const { createMqttConnector } = await import('./mqtt/mqtt-connector.js');
    return createMqttConnector(settings, parts);
  },
};

export interface LoadingParts extends Omit<ConnectorParts, 'log'> {
  readonly logOf: (room: string) => Log;
}

/** The connectors that are wanted, by name, none of them started. Rejects with `BAD_CONFIG`. */
export async function loadConnectors(
  settings: ConnectorSettings,
  { logOf, ...parts }: LoadingParts,
): Promise<Map<string, Connector>> {
  const connectors = new Map<string, Connector>();
  if (settings.mqtt) {
    connectors.set('mqtt', await CONNECTORS.mqtt(settings.mqtt, { ...parts, log: logOf('mqtt') }));
  }
  return connectors;
}
