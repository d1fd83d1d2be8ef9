/**
 * Payloads of the ventilator's microcontroller: packed, little-endian.
 *
 *     version u8 = B6 | timestamp u32, ms since the microcontroller's start | payload type u8 | fields
 */
import {
  ALARM_CODES,
  ALARM_TYPE,
  BL_STATES,
  CMD_TYPE,
  COMMAND_CODES,
  type CommandFamily,
  type Numbers,
  nameOf,
  PAYLOAD_TYPE,
  VENTILATION_MODE,
} from './names.js';

export const PAYLOAD_VERSION = 0xb6;
const HEADER_LENGTH = 6;

const SIZES = { u8: 1, i8: 1, u16: 2, u32: 4, f32: 4 } as const;
type NumberType = keyof typeof SIZES;

export interface PayloadField {
  readonly name: string;
  readonly type: NumberType | 'text';
  /** Bytes. */
  readonly size: number;
  /** From the start of the payload. */
  readonly offset: number;
  /** Of an enumeration. */
  readonly names?: Numbers;
}

/** Fields that are shown by name, in every payload that has them. */
const ENUMERATIONS: Readonly<Record<string, Numbers>> = {
  fsm_state: BL_STATES,
  ventilation_mode: VENTILATION_MODE,
  mode: VENTILATION_MODE,
  alarm_type: ALARM_TYPE,
  alarm_code: ALARM_CODES,
  cmd_type: CMD_TYPE,
};

/** Fields of one type, in order; a number is the length of texts. */
type FieldGroup = readonly [NumberType | number, ...string[]];

const GROUPS = {
  DATA: [
    ['u8', 'fsm_state'],
    ['u16', 'pressure_air_supply'],
    ['f32', 'pressure_air_regulated'],
    ['u16', 'pressure_o2_supply'],
    ['f32', 'pressure_o2_regulated', 'pressure_buffer', 'pressure_inhale', 'pressure_patient'],
    ['u16', 'temperature_buffer'],
    ['f32', 'pressure_diff_patient'],
    ['u16', 'ambient_pressure', 'ambient_temperature'],
    ['f32', 'airway_pressure', 'flow', 'flow_calc', 'volume', 'target_pressure', 'process_pressure'],
    ['f32', 'valve_duty_cycle', 'proportional', 'integral', 'derivative'],
  ],
  READBACK: [
    ['u16', 'duration_pre_calibration', 'duration_calibration', 'duration_buff_purge', 'duration_buff_flush'],
    ['u16', 'duration_buff_prefill', 'duration_buff_fill', 'duration_buff_pre_inhale', 'duration_inhale'],
    ['u16', 'duration_pause', 'duration_exhale'],
    ['f32', 'valve_air_in', 'valve_o2_in'],
    ['u8', 'valve_inhale', 'valve_exhale', 'valve_purge', 'ventilation_mode', 'valve_inhale_percent'],
    ['u8', 'valve_exhale_percent', 'valve_air_in_enable', 'valve_o2_in_enable', 'valve_purge_enable'],
    ['u8', 'inhale_trigger_enable', 'exhale_trigger_enable'],
    ['f32', 'peep', 'inhale_exhale_ratio', 'kp', 'ki', 'kd', 'pid_gain'],
    ['u8', 'max_patient_pressure'],
  ],
  CYCLE: [
    ['f32', 'respiratory_rate', 'tidal_volume', 'exhaled_tidal_volume', 'inhaled_tidal_volume'],
    ['f32', 'minute_volume', 'exhaled_minute_volume', 'inhaled_minute_volume', 'lung_compliance'],
    ['f32', 'static_compliance', 'inhalation_pressure', 'peak_inspiratory_pressure', 'plateau_pressure'],
    ['f32', 'mean_airway_pressure', 'fiO2_percent'],
    ['u16', 'apnea_index', 'apnea_time'],
    ['u8', 'mandatory_breath'],
  ],
  CMD: [
    ['u8', 'cmd_type', 'cmd_code'],
    ['f32', 'param'],
  ],
  ALARM: [
    ['u8', 'alarm_type', 'alarm_code'],
    ['f32', 'param'],
  ],
  DEBUG: [
    ['f32', 'kp', 'ki', 'kd', 'target_pressure', 'process_pressure', 'valve_duty_cycle', 'proportional'],
    ['f32', 'integral', 'derivative'],
  ],
  IVT: [
    ['f32', 'inhale_current', 'exhale_current', 'purge_current', 'air_in_current', 'o2_in_current'],
    ['f32', 'inhale_voltage', 'exhale_voltage', 'purge_voltage', 'air_in_voltage', 'o2_in_voltage'],
    ['u8', 'inhale_i2caddr', 'exhale_i2caddr', 'purge_i2caddr', 'air_in_i2caddr', 'o2_in_i2caddr'],
    ['f32', 'system_temp'],
  ],
  LOGMSG: [[50, 'message']],
  TARGET: [
    ['u8', 'mode'],
    ['f32', 'inspiratory_pressure', 'ie_ratio', 'volume', 'respiratory_rate', 'peep', 'fiO2_percent'],
    ['f32', 'inhale_time'],
    ['u8', 'inhale_trigger_enable', 'exhale_trigger_enable', 'volume_trigger_enable'],
    ['f32', 'inhale_trigger_threshold', 'exhale_trigger_threshold'],
    ['f32', 'buffer_upper_pressure', 'buffer_lower_pressure'],
  ],
  BATTERY: [['i8', 'bat', 'ok', 'alarm', 'rdy2buf', 'bat85', 'prob_elec', 'dummy']],
  LOOP_STATUS: [
    ['f32', 'duration_loop', 'duration_loop_max'],
    ['u32', 'dropped_send', 'dropped_receive'],
    ['u8', 'buffer_alarm', 'buffer_cmd', 'buffer_data'],
  ],
  PERSONAL: [
    [60, 'name'],
    [20, 'patient_id'],
    ['u8', 'age'],
    [1, 'sex'],
    ['u8', 'height', 'weight'],
  ],
} as const satisfies Partial<Record<keyof typeof PAYLOAD_TYPE, readonly FieldGroup[]>>;

/** The payloads that have a structure. */
export type PayloadName = keyof typeof GROUPS;
export const PAYLOAD_NAMES = Object.keys(GROUPS) as PayloadName[];

export interface PayloadLayout {
  readonly number: number;
  /** Bytes, with the header. */
  readonly length: number;
  readonly fields: readonly PayloadField[];
}

function layoutOf(name: PayloadName): PayloadLayout {
  const groups: readonly FieldGroup[] = GROUPS[name];
  let offset = HEADER_LENGTH;
  const fields = groups.flatMap(([type, ...fieldNames]) =>
    fieldNames.map((fieldName): PayloadField => {
      const size = typeof type === 'number' ? type : SIZES[type];
      const names = ENUMERATIONS[fieldName];
      const field = { name: fieldName, size, offset, ...(names && { names }) };
      offset += size;
      return { ...field, type: typeof type === 'number' ? 'text' : type };
    }),
  );
  return { number: PAYLOAD_TYPE[name], length: offset, fields };
}

export const LAYOUTS = Object.fromEntries(PAYLOAD_NAMES.map((name) => [name, layoutOf(name)])) as Readonly<
  Record<PayloadName, PayloadLayout>
>;

/** Numbers, and texts cut at the first NUL; enumerations as their numbers. */
export type PayloadValues = Readonly<Record<string, number | string>>;

export interface Payload {
  readonly type: PayloadName;
  /** ms since the microcontroller's start. */
  readonly timestamp: number;
  readonly values: PayloadValues;
}

export const PAYLOAD_FAULTS = {
  tooShort: 'shorter than a header',
  version: 'another version of the protocol',
  unknownType: 'a payload type without a structure',
  wrongLength: 'not the length of its type',
} as const;

export type PayloadFault = keyof typeof PAYLOAD_FAULTS;

export function decodePayload(bytes: Buffer): Payload | PayloadFault {
  if (bytes.length < HEADER_LENGTH) return 'tooShort';
  if (bytes.readUInt8(0) !== PAYLOAD_VERSION) return 'version';
  const number = bytes.readUInt8(5);
  const type = PAYLOAD_NAMES.find((name) => LAYOUTS[name].number === number);
  if (!type) return 'unknownType';
  const { length, fields } = LAYOUTS[type];
  if (bytes.length !== length) return 'wrongLength';
  const values = Object.fromEntries(fields.map((field) => [field.name, readField(bytes, field)]));
  return { type, timestamp: bytes.readUInt32LE(1), values };
}

function readField(bytes: Buffer, { type, size, offset }: PayloadField): number | string {
  switch (type) {
    case 'u8':
      return bytes.readUInt8(offset);
    case 'i8':
      return bytes.readInt8(offset);
    case 'u16':
      return bytes.readUInt16LE(offset);
    case 'u32':
      return bytes.readUInt32LE(offset);
    case 'f32':
      return bytes.readFloatLE(offset);
    case 'text': {
      const text = bytes.subarray(offset, offset + size);
      const end = text.indexOf(0);
      return text.subarray(0, end < 0 ? size : end).toString('utf8');
    }
  }
}

/** Fields that are not given are 0. Throws a `RangeError` for a value that does not fit its field. */
export function encodePayload(type: PayloadName, values: PayloadValues, timestamp = 0): Buffer {
  const { number, length, fields } = LAYOUTS[type];
  const bytes = Buffer.alloc(length);
  bytes.writeUInt8(PAYLOAD_VERSION, 0);
  bytes.writeUInt32LE(timestamp, 1);
  bytes.writeUInt8(number, 5);
  for (const field of fields) writeField(bytes, field, values[field.name] ?? 0);
  return bytes;
}

function writeField(bytes: Buffer, { name, type, size, offset }: PayloadField, value: number | string): void {
  if (type === 'text') {
    writeText(bytes.subarray(offset, offset + size), value === 0 ? '' : String(value));
    return;
  }
  if (typeof value !== 'number') throw new RangeError(`${name} must be a number`);
  switch (type) {
    case 'u8':
      bytes.writeUInt8(value, offset);
      break;
    case 'i8':
      bytes.writeInt8(value, offset);
      break;
    case 'u16':
      bytes.writeUInt16LE(value, offset);
      break;
    case 'u32':
      bytes.writeUInt32LE(value, offset);
      break;
    case 'f32':
      bytes.writeFloatLE(value, offset);
      break;
  }
}

/** Cut at the end of a character; the rest is NUL. */
function writeText(place: Buffer, text: string): void {
  place.write(text, 'utf8');
}

/** As clients get it: enumerations by name, a number without a name as the number, a float that is not a number as null. */
export function describePayload({
  type,
  timestamp,
  values,
}: Payload): Record<string, number | string | null> {
  const fields = LAYOUTS[type].fields.map(({ name, names }) => [
    name,
    describeValue(values[name] ?? 0, names),
  ]);
  const code = type === 'CMD' && { cmd_code: commandCodeName(values) };
  return { version: PAYLOAD_VERSION, timestamp, payload_type: type, ...Object.fromEntries(fields), ...code };
}

function describeValue(value: number | string, names: Numbers | undefined): number | string | null {
  if (typeof value === 'string') return value;
  if (!Number.isFinite(value)) return null;
  return names ? nameOf(names, value) : value;
}

function commandCodeName({ cmd_type: family = 0, cmd_code: code = 0 }: PayloadValues): string | number {
  const codes = COMMAND_CODES[nameOf(CMD_TYPE, Number(family)) as CommandFamily];
  return codes ? nameOf(codes, Number(code)) : Number(code);
}
