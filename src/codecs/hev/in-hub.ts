/** How the ventilator's names appear in the gateway: commands of its device, and codes of its alarms. */
import {
  ALARM_CODES,
  ALARM_TYPE,
  type AlarmPriorityName,
  COMMAND_CODES,
  type CommandFamily,
  type Numbers,
} from './names.js';

/** `SET_DURATION` → `set-duration`. */
export function commandName(family: CommandFamily): string {
  return family.toLowerCase().replaceAll('_', '-');
}

/** The families that can be sent by name. */
export const SENDABLE_FAMILIES = Object.keys(COMMAND_CODES) as CommandFamily[];

/** The command that sets the patient's particulars. */
export const PERSONAL_COMMAND = 'personal';

/** Parameters that a family takes; in others, any 32-bit float. */
export const PARAM_LIMITS: Readonly<
  Partial<Record<CommandFamily, { readonly unit: string; readonly min: number; readonly max: number }>>
> = { SET_DURATION: { unit: 'ms', min: 0, max: 65_535 } };

export const F32_MAX = 3.4028234663852886e38;

/** Bytes of the texts in PERSONAL. */
export const PERSONAL_LENGTHS = { name: 60, patient_id: 20, sex: 1 } as const;

const PRIORITIES = { PRIORITY_LOW: 'low', PRIORITY_MEDIUM: 'medium', PRIORITY_HIGH: 'high' } as const;
export type HubPriority = (typeof PRIORITIES)[AlarmPriorityName];

/** Codes whose usual priority is medium; that of the others is high. */
const MEDIUM: ReadonlySet<string | number> = new Set([
  'EXPIRATION_SENSE_FAULT_OR_LEAK',
  'EXPIRATION_VALVE_LEAK',
  'HIGH_FIO2',
  'HIGH_RR',
  'HIGH_VTE',
  'LOW_VTE',
  'HIGH_VTI',
  'LOW_VTI',
  'AC_POWER_DISCONNECTION',
  'BATTERY_FAULT_SRVC',
  'BATTERY_CHARGE',
  'HIGH_VME',
  'LOW_VME',
  'HIGH_VMI',
  'LOW_VMI',
]);

/** A number where it has no name. */
export interface HevAlarmName {
  readonly type: string | number;
  readonly code: string | number;
}

/** A number without a name counts as high. */
export function hubPriority(type: string | number): HubPriority {
  return isPriorityName(type) ? PRIORITIES[type] : 'high';
}

export function usualPriority(code: string | number): AlarmPriorityName {
  return MEDIUM.has(code) ? 'PRIORITY_MEDIUM' : 'PRIORITY_HIGH';
}

/**
 * The device's own code of an alarm: `APNEA`; with the priority where that is not the usual one, because it is another
 * alarm then: `LOW_BATTERY:low`.
 */
export function deviceAlarmCode({ type, code }: HevAlarmName): string {
  if (type === usualPriority(code)) return `${code}`;
  return `${code}:${isPriorityName(type) ? PRIORITIES[type] : type}`;
}

/** Undefined for a code that is not one of the ventilator's. */
export function readDeviceAlarmCode(text: string): HevAlarmName | undefined {
  const [name = '', priority] = text.split(':');
  const code = Object.hasOwn(ALARM_CODES, name) ? name : numberOf(name);
  if (code === undefined) return undefined;
  if (priority === undefined) return { code, type: usualPriority(code) };
  const named = Object.entries(PRIORITIES).find(([, hubName]) => hubName === priority)?.[0];
  const type = named ?? numberOf(priority);
  return type === undefined ? undefined : { code, type };
}

function numberOf(text: string): number | undefined {
  return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

function isPriorityName(type: string | number): type is AlarmPriorityName {
  return typeof type === 'string' && Object.hasOwn(ALARM_TYPE, type);
}

/** The number for a name; undefined if it has none. */
export function numberNamed(numbers: Numbers, name: unknown): number | undefined {
  return typeof name === 'string' && Object.hasOwn(numbers, name) ? numbers[name] : undefined;
}
