/** The shape of broadcast packets. */
import type { AlarmObject } from './mode.js';

/** Undefined: in this shape, nothing is sent for the type. */
export function shapePacket(
  shape: 'current' | 'seed',
  type: string,
  body: Readonly<Record<string, unknown>>,
  alarms: readonly AlarmObject[],
): Readonly<Record<string, unknown>> | undefined {
  if (shape === 'current') return { type, [type]: body, alarms };
  const names = alarms.map(({ alarm_code: code }) => code);
  if (type === 'ALARM') return { type: 'alarm', alarms: names };
  return type === 'DATA' ? { sensors: body, alarms: names } : undefined;
}
