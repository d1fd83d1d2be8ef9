/** Enumerations of the ventilator's payloads: name → number. */

export const PAYLOAD_TYPE = {
  DATA: 1,
  READBACK: 2,
  CYCLE: 3,
  THRESHOLDS: 4,
  CMD: 5,
  ALARM: 6,
  DEBUG: 7,
  IVT: 8,
  LOGMSG: 9,
  TARGET: 10,
  BATTERY: 11,
  LOOP_STATUS: 12,
  PERSONAL: 13,
  ALARM_MUTE: 14,
  BAD_THRESHOLD: 15,
} as const;

/** Controller's states. */
export const BL_STATES = {
  UNKNOWN: 0,
  IDLE: 1,
  PRE_CALIBRATION: 2,
  CALIBRATION: 3,
  BUFF_PREFILL: 4,
  BUFF_FILL: 5,
  BUFF_PRE_INHALE: 6,
  INHALE: 7,
  PAUSE: 8,
  EXHALE: 9,
  STOP: 10,
  BUFF_PURGE: 11,
  BUFF_FLUSH: 12,
  STANDBY: 13,
} as const;

export const VENTILATION_MODE = {
  UNKNOWN: 0,
  PC_AC: 1,
  PC_AC_PRVC: 2,
  PC_PSV: 3,
  CPAP: 4,
  TEST: 5,
  PURGE: 6,
  FLUSH: 7,
  CURRENT: 100,
} as const;

export const ALARM_TYPE = { PRIORITY_LOW: 1, PRIORITY_MEDIUM: 2, PRIORITY_HIGH: 3 } as const;

export const ALARM_CODES = {
  UNKNOWN: 0,
  APNEA: 1,
  CHECK_VALVE_EXHALE: 2,
  CHECK_P_PATIENT: 3,
  EXPIRATION_SENSE_FAULT_OR_LEAK: 4,
  EXPIRATION_VALVE_LEAK: 5,
  HIGH_FIO2: 6,
  HIGH_PRESSURE: 7,
  HIGH_RR: 8,
  HIGH_VTE: 9,
  LOW_VTE: 10,
  HIGH_VTI: 11,
  LOW_VTI: 12,
  INTENTIONAL_STOP: 13,
  LOW_BATTERY: 14,
  LOW_FIO2: 15,
  OCCLUSION: 16,
  HIGH_PEEP: 17,
  LOW_PEEP: 18,
  AC_POWER_DISCONNECTION: 19,
  BATTERY_FAULT_SRVC: 20,
  BATTERY_CHARGE: 21,
  AIR_FAIL: 22,
  O2_FAIL: 23,
  PRESSURE_SENSOR_FAULT: 24,
  ARDUINO_FAIL: 25,
  ALARM_TEST: 26,
  HIGH_VME: 27,
  LOW_VME: 28,
  HIGH_VMI: 29,
  LOW_VMI: 30,
  EXTENDED_HIGH_PRESSURE: 31,
  ALARMS_COUNT: 32,
} as const;

const CMD_GENERAL = { START: 1, STOP: 2, RESET: 3, STANDBY: 4, GET_PERSONAL: 5 } as const;

/** The parameter is in ms. */
const CMD_SET_DURATION = {
  PRE_CALIBRATION: 1,
  CALIBRATION: 2,
  BUFF_PURGE: 3,
  BUFF_FLUSH: 4,
  BUFF_PREFILL: 5,
  BUFF_FILL: 6,
  BUFF_PRE_INHALE: 7,
  INHALE: 8,
  PAUSE: 9,
  EXHALE: 10,
} as const;

const CMD_SET_VALVE = {
  AIR_IN_ENABLE: 1,
  O2_IN_ENABLE: 2,
  PURGE_ENABLE: 3,
  INHALE_DUTY_CYCLE: 4,
  INHALE_OPEN_MIN: 5,
  INHALE_OPEN_MAX: 6,
  INHALE_TRIGGER_ENABLE: 7,
  EXHALE_TRIGGER_ENABLE: 8,
} as const;

const CMD_SET_PID = {
  KP: 1,
  KI: 2,
  KD: 3,
  PID_GAIN: 4,
  TARGET_FINAL_PRESSURE: 5,
  NSTEPS: 6,
  MAX_PATIENT_PRESSURE: 7,
} as const;

const CMD_SET_TARGET = {
  INSPIRATORY_PRESSURE: 1,
  RESPIRATORY_RATE: 2,
  IE_RATIO: 3,
  VOLUME: 4,
  PEEP: 5,
  FIO2_PERCENT: 6,
  INHALE_TIME: 7,
  INHALE_TRIGGER_THRESHOLD: 8,
  EXHALE_TRIGGER_THRESHOLD: 9,
  INHALE_TRIGGER_ENABLE: 11,
  EXHALE_TRIGGER_ENABLE: 12,
  VOLUME_TRIGGER_ENABLE: 13,
} as const;

export const CMD_TYPE = {
  GENERAL: 1,
  SET_DURATION: 2,
  SET_MODE: 3,
  SET_THRESHOLD_MIN: 4,
  SET_THRESHOLD_MAX: 5,
  SET_VALVE: 6,
  SET_PID: 7,
  SET_TARGET_PC_AC: 8,
  SET_TARGET_PC_AC_PRVC: 9,
  SET_TARGET_PC_PSV: 10,
  SET_TARGET_CPAP: 11,
  SET_TARGET_TEST: 12,
  SET_TARGET_CURRENT: 13,
  GET_TARGETS: 14,
  SET_PERSONAL: 15,
  GET_THRESHOLD_MIN: 16,
  GET_THRESHOLD_MAX: 17,
  TEST_AUDIO_ALARM: 18,
  SKIP_NEXT_CALIBRATION: 19,
  DO_CALIBRATION: 20,
  MUTE_ALARM: 21,
  RESET_ALARM: 22,
} as const;

export type Numbers = Readonly<Record<string, number>>;
export type CommandFamily = keyof typeof CMD_TYPE;
export type AlarmCode = keyof typeof ALARM_CODES;
export type AlarmPriorityName = keyof typeof ALARM_TYPE;

/** The codes of each family of commands; a family without codes is not here, and can't be sent by name. */
export const COMMAND_CODES: Readonly<Partial<Record<CommandFamily, Numbers>>> = {
  GENERAL: CMD_GENERAL,
  SET_DURATION: CMD_SET_DURATION,
  SET_MODE: VENTILATION_MODE,
  SET_THRESHOLD_MIN: ALARM_CODES,
  SET_THRESHOLD_MAX: ALARM_CODES,
  SET_VALVE: CMD_SET_VALVE,
  SET_PID: CMD_SET_PID,
  SET_TARGET_PC_AC: CMD_SET_TARGET,
  SET_TARGET_PC_AC_PRVC: CMD_SET_TARGET,
  SET_TARGET_PC_PSV: CMD_SET_TARGET,
  SET_TARGET_CPAP: CMD_SET_TARGET,
  SET_TARGET_TEST: CMD_SET_TARGET,
  SET_TARGET_CURRENT: CMD_SET_TARGET,
  GET_TARGETS: VENTILATION_MODE,
  GET_THRESHOLD_MIN: ALARM_CODES,
  GET_THRESHOLD_MAX: ALARM_CODES,
};

/** The name for a number; the number itself where it has none. */
export function nameOf(numbers: Numbers, value: number): string | number {
  for (const [name, number] of Object.entries(numbers)) if (number === value) return name;
  return value;
}
