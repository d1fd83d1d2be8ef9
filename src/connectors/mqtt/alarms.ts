import type { AlarmDefinitions } from '../../hub/alarms.js';

/** What only this connector can notice, and a person should know. */
export const ALARMS = {
  ID_TAKEN: {
    priority: 'medium',
    of: 'gateway',
    lasting: false,
    text: 'another gateway uses the name that this one has in another system',
  },
} as const satisfies AlarmDefinitions;
