/** What DCSS sends to a hardware server. */
import {
  deviceName,
  flag,
  type MessageIn,
  number,
  oneOf,
  optionalWord,
  readMessage,
  rest,
  type Unread,
  word,
  words,
  writeMessage,
} from './fields.js';

const HOW = oneOf('hard', 'soft');
export const SHUTTER_STATES = ['open', 'closed'] as const;
export type ShutterState = (typeof SHUTTER_STATES)[number];
const SHUTTER = oneOf(...SHUTTER_STATES);
const registered = { device: deviceName, hwName: optionalWord };

export const TO_HARDWARE = {
  stoc_send_client_type: {},
  stoh_register_operation: registered,
  stoh_register_pseudo_motor: registered,
  stoh_register_real_motor: registered,
  stoh_register_encoder: registered,
  stoh_register_object: registered,
  stoh_register_string: registered,
  stoh_register_shutter: { device: deviceName, state: SHUTTER, hwName: optionalWord },
  stoh_register_ion_chamber: {
    device: deviceName,
    hwName: word,
    channel: word,
    timer: word,
    timerType: word,
  },
  stoh_set_motor_dependency: { device: deviceName, others: words },
  stoh_set_motor_children: { device: deviceName, others: words },
  stoh_configure_real_motor: {
    device: deviceName,
    host: word,
    hwName: word,
    position: number,
    upper: number,
    lower: number,
    scale: number,
    speed: number,
    acceleration: number,
    backlash: number,
    lowerOn: flag,
    upperOn: flag,
    lockOn: flag,
    backlashOn: flag,
    reverseOn: flag,
    status: word,
  },
  stoh_configure_pseudo_motor: {
    device: deviceName,
    host: word,
    hwName: word,
    position: number,
    upper: number,
    lower: number,
    lowerOn: flag,
    upperOn: flag,
    lockOn: flag,
    status: word,
  },
  stoh_configure_shutter: { device: deviceName, host: word, state: SHUTTER },
  stoh_configure_string: { device: deviceName, host: word, contents: rest },
  stoh_configure_ion_chamber: {
    device: deviceName,
    host: word,
    hwName: word,
    channel: word,
    timer: word,
    timerType: word,
  },
  stoh_configure_encoder: { device: deviceName, host: word, position: number, configured: number },
  stoh_configure_operation: { device: deviceName, host: optionalWord },
  stoh_start_motor_move: { device: deviceName, destination: word },
  stoh_abort_motor_move: { device: deviceName, how: HOW },
  stoh_set_motor_position: { device: deviceName, position: number },
  stoh_correct_motor_position: { device: deviceName, by: number },
  stoh_set_shutter_state: { device: deviceName, state: SHUTTER },
  stoh_read_ion_chambers: { seconds: number, repeat: flag, channels: words },
  stoh_start_oscillation: { device: deviceName, shutter: word, delta: number, seconds: number },
  stoh_start_vector_move: {
    device: deviceName,
    second: word,
    destination: number,
    secondDestination: number,
    speed: number,
  },
  stoh_stop_vector_move: { device: deviceName, second: optionalWord },
  stoh_change_vector_speed: { device: deviceName, second: word, speed: number },
  stoh_start_operation: { device: deviceName, handle: word, arguments: rest },
  stoh_stop_operation: { device: deviceName },
  stoh_get_encoder: { device: deviceName },
  stoh_set_encoder: { device: deviceName, position: number },
  stoh_set_string: { device: deviceName, contents: rest },
  stoh_abort_all: { how: HOW },
} as const;

export type ToHardware = MessageIn<typeof TO_HARDWARE>;
export type ToHardwareNamed<Name extends ToHardware['name']> = Extract<ToHardware, { name: Name }>;

/** Tokens of the layouts in the guide, which have neither host, hwName nor status. */
const SHORT_REAL_MOTOR = 13;
const SHORT_PSEUDO_MOTOR = 7;

export function readToHardware(text: string): ToHardware | Unread {
  return readMessage(TO_HARDWARE, text, withHost);
}

export function writeToHardware(message: ToHardware): string {
  return writeMessage(TO_HARDWARE, message);
}

function withHost(name: string, tokens: readonly string[]): readonly string[] {
  const isShort =
    (name === 'stoh_configure_real_motor' && tokens.length === SHORT_REAL_MOTOR) ||
    (name === 'stoh_configure_pseudo_motor' && tokens.length === SHORT_PSEUDO_MOTOR);
  const [device = '', ...others] = tokens;
  return isShort ? [device, '-', '-', ...others, 'normal'] : tokens;
}
