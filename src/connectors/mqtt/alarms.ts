import type { AlarmDefinitions } from '../../hub/alarms.js';

/** Alarms that only this connector can raise. */
export const ALARMS = {
  ID_TAKEN: {
    priority: 'medium',
    of: 'gateway',
    lasting: false,
    text: 'another gateway uses the same id at the MQTT broker',
  },
} as const satisfies AlarmDefinitions;
