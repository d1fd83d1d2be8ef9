/** The MQTT connector's manifest: docs/mqtt.md describes its topics. */
import { defineConnector } from '../connector.js';
import { ALARMS } from './alarms.js';
import { METRICS } from './metrics.js';
import { mqttSection, mqttSettings } from './section.js';

export const mqtt = defineConnector({
  name: 'mqtt',
  settings: mqttSection,
  alarms: ALARMS,
  metrics: METRICS,
  async create(section, options) {
    const settings = mqttSettings(section, options.stateDirectory);
    if (!settings) return undefined;
    const { createMqttConnector } = await import('./mqtt-connector.js');
    return createMqttConnector(settings, options);
  },
});
