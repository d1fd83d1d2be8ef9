/** What a hardware server sends to DCSS. */
import {
  deviceName,
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
import { SHUTTER_STATES } from './to-hardware.js';

export const MOTOR_STATUSES = [
  'normal',
  'moving',
  'aborted',
  'cw_hw_limit',
  'ccw_hw_limit',
  'both_hw_limits',
  'unknown',
  'locked',
  'sw_limit',
] as const;
export type MotorStatus = (typeof MOTOR_STATUSES)[number];

export const OPERATION_STATUSES = ['normal', 'error', 'failed', 'aborted'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

export const LOG_LEVELS = ['note', 'warning', 'error', 'severe'] as const;

const moved = { device: deviceName, position: number, status: word };

export const FROM_HARDWARE = {
  htos_client_is_hardware: { device: word },
  htos_motor_move_started: { device: deviceName, destination: number },
  htos_update_motor_position: moved,
  htos_motor_move_completed: moved,
  htos_motor_correct_started: { device: deviceName },
  htos_operation_update: { device: deviceName, handle: word, text: rest },
  htos_operation_completed: { device: deviceName, handle: word, status: word, text: rest },
  htos_start_operation: { device: deviceName, handle: word, arguments: rest },
  htos_report_ion_chambers: { seconds: number, readings: words },
  htos_configure_device: { device: deviceName, values: words },
  htos_send_configuration: { device: deviceName },
  htos_report_shutter_state: { device: deviceName, state: oneOf(...SHUTTER_STATES), result: optionalWord },
  htos_limit_hit: { device: deviceName, direction: word, text: rest },
  htos_simulating_device: { device: deviceName },
  htos_get_encoder_completed: moved,
  htos_set_encoder_completed: moved,
  htos_set_string_completed: { device: deviceName, status: word, contents: rest },
  htos_note: { text: rest },
  htos_log: { level: oneOf(...LOG_LEVELS), sender: word, text: rest },
} as const;

export type FromHardware = MessageIn<typeof FROM_HARDWARE>;
export type FromHardwareNamed<Name extends FromHardware['name']> = Extract<FromHardware, { name: Name }>;

export function readFromHardware(text: string): FromHardware | Unread {
  return readMessage(FROM_HARDWARE, text);
}

export function writeFromHardware(message: FromHardware): string {
  return writeMessage(FROM_HARDWARE, message);
}

/** Messages about motors are built in 200 bytes by DCSS. */
export function isAboutMotor({ name }: FromHardware): boolean {
  return name.includes('_motor_') || name === 'htos_configure_device' || name === 'htos_limit_hit';
}
