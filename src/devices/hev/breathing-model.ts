/**
 * A model of the ventilator for trying clients without hardware: a controller that steps through its states, lungs that
 * fill and empty, settings that are read back, and an alarm now and then. It is not a medical model.
 */

import type { AddressClass } from '../../codecs/hev/frame.js';
import {
  ALARM_CODES,
  ALARM_TYPE,
  BL_STATES,
  CMD_TYPE,
  COMMAND_CODES,
  type CommandFamily,
  nameOf,
  VENTILATION_MODE,
} from '../../codecs/hev/names.js';
import type { Payload, PayloadName, PayloadValues } from '../../codecs/hev/payload.js';

/** ms; DATA also sets the step of the model. */
const PERIODS: readonly {
  readonly type: PayloadName;
  readonly everyMs: number;
  readonly address: AddressClass;
}[] = [
  { type: 'DATA', everyMs: 20, address: 'data' },
  { type: 'READBACK', everyMs: 300, address: 'command' },
  { type: 'DEBUG', everyMs: 310, address: 'data' },
  { type: 'CYCLE', everyMs: 1000, address: 'data' },
  { type: 'TARGET', everyMs: 1000, address: 'command' },
  { type: 'IVT', everyMs: 2000, address: 'data' },
  { type: 'PERSONAL', everyMs: 3000, address: 'data' },
];
export const STEP_MS = 20;

type State = keyof typeof BL_STATES;

/** What follows each state that ends by itself, and the setting that says when. */
const COURSE: Partial<Record<State, { readonly next: State; readonly duration: string }>> = {
  PRE_CALIBRATION: { next: 'CALIBRATION', duration: 'duration_pre_calibration' },
  CALIBRATION: { next: 'BUFF_PREFILL', duration: 'duration_calibration' },
  BUFF_PREFILL: { next: 'BUFF_FILL', duration: 'duration_buff_prefill' },
  BUFF_FILL: { next: 'BUFF_PRE_INHALE', duration: 'duration_buff_fill' },
  BUFF_PRE_INHALE: { next: 'INHALE', duration: 'duration_buff_pre_inhale' },
  INHALE: { next: 'PAUSE', duration: 'duration_inhale' },
  PAUSE: { next: 'EXHALE', duration: 'duration_pause' },
  EXHALE: { next: 'BUFF_FILL', duration: 'duration_exhale' },
};

const DEFAULTS: Readonly<Record<string, number>> = {
  duration_pre_calibration: 400,
  duration_calibration: 400,
  duration_buff_purge: 600,
  duration_buff_flush: 600,
  duration_buff_prefill: 100,
  duration_buff_fill: 600,
  duration_buff_pre_inhale: 20,
  duration_inhale: 1000,
  duration_pause: 20,
  duration_exhale: 1360,
  ventilation_mode: VENTILATION_MODE.PC_AC,
  valve_inhale_percent: 0,
  valve_exhale_percent: 0,
  valve_air_in_enable: 1,
  valve_o2_in_enable: 1,
  valve_purge_enable: 1,
  inhale_trigger_enable: 0,
  exhale_trigger_enable: 0,
  peep: 5,
  inhale_exhale_ratio: 0.5,
  kp: 0.01,
  ki: 0.0004,
  kd: 0.0005,
  pid_gain: 2,
  max_patient_pressure: 45,
};

const TARGETS: Readonly<Record<string, number>> = {
  mode: VENTILATION_MODE.PC_AC,
  inspiratory_pressure: 17,
  ie_ratio: 0.5,
  volume: 400,
  respiratory_rate: 15,
  peep: 5,
  fiO2_percent: 21,
  inhale_time: 1,
  inhale_trigger_threshold: 0.25,
  exhale_trigger_threshold: 0.25,
  buffer_upper_pressure: 300,
  buffer_lower_pressure: 285,
};

/** Settings of READBACK by family and code; the others are named after the code. */
const READBACK_FIELDS: Partial<Record<CommandFamily, Readonly<Record<string, string>>>> = {
  SET_VALVE: {
    AIR_IN_ENABLE: 'valve_air_in_enable',
    O2_IN_ENABLE: 'valve_o2_in_enable',
    PURGE_ENABLE: 'valve_purge_enable',
    INHALE_DUTY_CYCLE: 'valve_inhale_percent',
    INHALE_OPEN_MIN: 'valve_exhale_percent',
    INHALE_TRIGGER_ENABLE: 'inhale_trigger_enable',
    EXHALE_TRIGGER_ENABLE: 'exhale_trigger_enable',
  },
  SET_PID: {
    KP: 'kp',
    KI: 'ki',
    KD: 'kd',
    PID_GAIN: 'pid_gain',
    MAX_PATIENT_PRESSURE: 'max_patient_pressure',
  },
};

/** Mean time between alarms of the model's own, and how long each goes on. */
const ALARM_EVERY_MS = 90_000;
const ALARM_LASTS_MS = 3000;
const OWN_ALARMS = ['APNEA', 'HIGH_PRESSURE', 'LOW_VTE', 'CHECK_P_PATIENT'] as const;

export interface BreathingModelOptions {
  /** 0–1. */
  readonly random: () => number;
  readonly send: (payload: Payload, address: AddressClass) => void;
}

interface LastingAlarm {
  readonly code: number;
  readonly priority: number;
  readonly untilMs: number;
}

export class BreathingModel {
  readonly #options: BreathingModelOptions;
  readonly #settings: Record<string, number> = { ...DEFAULTS };
  readonly #targets: Record<string, number> = { ...TARGETS };
  readonly #thresholds = { min: new Map<number, number>(), max: new Map<number, number>() };
  #personal: PayloadValues = {
    name: 'Test Lung',
    patient_id: 'bench-1',
    age: 0,
    sex: '-',
    height: 0,
    weight: 0,
  };
  #state: State = 'IDLE';
  #stateMs = 0;
  #ms = 0;
  #volume = 0;
  #pressure = 0;
  #flow = 0;
  #breaths = 0;
  #alarm: LastingAlarm | undefined;

  constructor(options: BreathingModelOptions) {
    this.#options = options;
  }

  /** One step of 20 ms. */
  step(): void {
    this.#ms += STEP_MS;
    this.#stateMs += STEP_MS;
    this.#advance();
    this.#breathe();
    for (const { type, everyMs, address } of PERIODS)
      if (this.#ms % everyMs < STEP_MS) this.#send(type, this.#valuesOf(type), address);
    this.#stepAlarm();
  }

  /** A payload from the data server. */
  receive({ type, values }: Payload): void {
    if (type === 'PERSONAL') this.#personal = values;
    if (type !== 'CMD') return;
    const [family, code, param] = [values.cmd_type, values.cmd_code, values.param].map(Number);
    this.#command(nameOf(CMD_TYPE, family ?? 0) as CommandFamily, code ?? 0, param ?? 0);
  }

  #command(family: CommandFamily, code: number, param: number): void {
    const name = String(nameOf(COMMAND_CODES[family] ?? {}, code));
    if (family === 'GENERAL') this.#general(name);
    else if (family === 'SET_MODE') this.#setMode(code);
    else if (family === 'SET_DURATION') this.#set(`duration_${name.toLowerCase()}`, param);
    else if (family === 'SET_VALVE' || family === 'SET_PID')
      this.#set(READBACK_FIELDS[family]?.[name], param);
    else if (family.startsWith('SET_TARGET_')) this.#setTarget(name, param);
    else if (family === 'GET_TARGETS') this.#send('TARGET', this.#targets, 'command');
    else if (/^[GS]ET_THRESHOLD_/.test(family)) this.#threshold(family, code, param);
    else if (family === 'TEST_AUDIO_ALARM') this.#raise(ALARM_CODES.ALARM_TEST, ALARM_TYPE.PRIORITY_HIGH);
    else if (family === 'MUTE_ALARM' || family === 'RESET_ALARM') this.#alarm = undefined;
  }

  #general(name: string): void {
    if (name === 'START') this.#enter('PRE_CALIBRATION');
    else if (name === 'STOP') this.#enter('STOP');
    else if (name === 'STANDBY') this.#enter('STANDBY');
    else if (name === 'RESET') this.#enter('IDLE');
    else if (name === 'GET_PERSONAL') this.#send('PERSONAL', this.#personal, 'data');
  }

  #setMode(mode: number): void {
    this.#settings.ventilation_mode = mode;
    this.#targets.mode = mode;
  }

  /** What does not fit the field of READBACK is held to its limit, so that it can be read back. */
  #set(field: string | undefined, value: number): void {
    if (field === undefined || !(field in this.#settings) || !Number.isFinite(value)) return;
    const isFloat = /^(?:k[pid]|pid_gain)$/.test(field);
    const limit = field.startsWith('duration_') ? 65_535 : 255;
    this.#settings[field] = isFloat ? value : Math.min(limit, Math.max(0, Math.round(value)));
  }

  #setTarget(name: string, value: number): void {
    const field = name === 'FIO2_PERCENT' ? 'fiO2_percent' : name.toLowerCase();
    const isFlag = field.endsWith('_enable');
    if (Number.isFinite(value)) this.#targets[field] = isFlag ? Number(value !== 0) : value;
  }

  #threshold(family: string, code: number, param: number): void {
    const thresholds = family.endsWith('MIN') ? this.#thresholds.min : this.#thresholds.max;
    if (family.startsWith('SET_')) {
      thresholds.set(code, param);
      return;
    }
    const values = {
      cmd_type: CMD_TYPE[family as CommandFamily],
      cmd_code: code,
      param: thresholds.get(code) ?? 0,
    };
    this.#send('CMD', values, 'data');
  }

  #enter(state: State): void {
    this.#state = state;
    this.#stateMs = 0;
  }

  #advance(): void {
    const course = COURSE[this.#state];
    if (!course || this.#stateMs < (this.#settings[course.duration] ?? 0)) return;
    if (this.#state === 'EXHALE') this.#breaths++;
    this.#enter(course.next);
  }

  /** First order: pressure follows its target, volume follows pressure, flow is the change of volume. */
  #breathe(): void {
    const { inspiratory_pressure: high = 0, peep = 0 } = this.#targets;
    const target =
      this.#state === 'INHALE' || this.#state === 'PAUSE' ? high : this.#isBreathing() ? peep : 0;
    this.#pressure += (target - this.#pressure) * 0.12 + this.#noise(0.05);
    const volume = this.#volume + (Math.max(0, this.#pressure - peep) * 35 - this.#volume) * 0.08;
    this.#flow = ((volume - this.#volume) / STEP_MS) * 60;
    this.#volume = volume;
  }

  #isBreathing(): boolean {
    return COURSE[this.#state] !== undefined;
  }

  #noise(amplitude: number): number {
    return (this.#options.random() * 2 - 1) * amplitude;
  }

  #stepAlarm(): void {
    if (!this.#alarm && this.#isBreathing() && this.#options.random() < STEP_MS / ALARM_EVERY_MS) {
      const name = OWN_ALARMS[Math.floor(this.#options.random() * OWN_ALARMS.length)] ?? 'APNEA';
      this.#raise(
        ALARM_CODES[name],
        name === 'LOW_VTE' ? ALARM_TYPE.PRIORITY_MEDIUM : ALARM_TYPE.PRIORITY_HIGH,
      );
    }
    if (this.#alarm) this.#repeatAlarm(this.#alarm);
  }

  #raise(code: number, priority: number): void {
    this.#alarm = { code, priority, untilMs: this.#ms + ALARM_LASTS_MS };
  }

  /** Again each 1000 ms / priority while it lasts. */
  #repeatAlarm({ code, priority, untilMs }: LastingAlarm): void {
    if (this.#ms > untilMs) {
      this.#alarm = undefined;
      return;
    }
    const age = this.#ms - (untilMs - ALARM_LASTS_MS);
    if (age % Math.floor(1000 / priority) >= STEP_MS) return;
    this.#send('ALARM', { alarm_type: priority, alarm_code: code, param: this.#pressure }, 'alarm');
  }

  #valuesOf(type: PayloadName): PayloadValues {
    switch (type) {
      case 'DATA':
        return this.#data();
      case 'READBACK':
        return { ...this.#settings, ...this.#valves() };
      case 'TARGET':
        return this.#targets;
      case 'CYCLE':
        return this.#cycle();
      case 'PERSONAL':
        return this.#personal;
      case 'IVT':
        return {
          inhale_voltage: 12,
          exhale_voltage: 12,
          purge_voltage: 12,
          system_temp: 24 + this.#noise(0.5),
        };
      default:
        return this.#pid();
    }
  }

  #pid(): PayloadValues {
    const { kp = 0, ki = 0, kd = 0 } = this.#settings;
    return {
      kp,
      ki,
      kd,
      target_pressure: this.#targets.inspiratory_pressure ?? 0,
      process_pressure: this.#pressure,
    };
  }

  #valves(): PayloadValues {
    const state = this.#state;
    return {
      valve_inhale: Number(state === 'INHALE' || state === 'PAUSE'),
      valve_exhale: Number(state === 'EXHALE'),
      valve_purge: Number(state === 'BUFF_PURGE'),
      valve_air_in: Number(state === 'BUFF_FILL'),
    };
  }

  #data(): PayloadValues {
    return {
      fsm_state: BL_STATES[this.#state],
      pressure_air_supply: 56,
      pressure_air_regulated: 280 + this.#noise(2),
      pressure_o2_supply: 55,
      pressure_o2_regulated: 280 + this.#noise(2),
      pressure_buffer: 290 + this.#noise(2),
      pressure_inhale: this.#pressure,
      pressure_patient: this.#pressure + this.#noise(0.05),
      temperature_buffer: 23,
      pressure_diff_patient: this.#flow / 10,
      ambient_pressure: 1013,
      ambient_temperature: 23,
      airway_pressure: this.#pressure,
      flow: this.#flow,
      flow_calc: this.#flow + this.#noise(0.1),
      volume: this.#volume,
      target_pressure: this.#targets.inspiratory_pressure ?? 0,
      process_pressure: this.#pressure,
      valve_duty_cycle: this.#state === 'INHALE' ? 0.6 : 0,
    };
  }

  #cycle(): PayloadValues {
    const rate = this.#isBreathing() ? 20 : 0;
    const volume = this.#isBreathing() ? 400 + this.#noise(10) : 0;
    return {
      respiratory_rate: rate,
      tidal_volume: volume,
      exhaled_tidal_volume: volume * 0.98,
      inhaled_tidal_volume: volume,
      minute_volume: (rate * volume) / 1000,
      peak_inspiratory_pressure: this.#targets.inspiratory_pressure ?? 0,
      plateau_pressure: this.#targets.inspiratory_pressure ?? 0,
      mean_airway_pressure: 9 + this.#noise(0.2),
      fiO2_percent: this.#targets.fiO2_percent ?? 21,
      mandatory_breath: Number(this.#breaths > 0),
    };
  }

  #send(type: PayloadName, values: PayloadValues, address: AddressClass): void {
    this.#options.send({ type, timestamp: this.#ms >>> 0, values }, address);
  }
}
