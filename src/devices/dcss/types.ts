/** The data types of DCSS's hardware and of its camera. Their ids and names are kept in the history: never change them. */
import { MOTOR_STATUSES } from '../../codecs/dcss/from-hardware.js';
import type { DataField, DataType } from '../../protocol/data-types.js';
import { type ImageType, MAX_IMAGE } from './image-receiver.js';

const f64 = (name: string, offset: number, unit?: string): DataField => ({
  name,
  type: 'f64',
  littleEndian: true,
  size: 8,
  offset,
  scale: 1,
  ...(unit !== undefined && { unit }),
});
const u8 = (name: string, offset: number, names: readonly string[]): DataField => ({
  name,
  type: 'u8',
  littleEndian: true,
  size: 1,
  offset,
  scale: 1,
  names: Object.fromEntries(names.map((text, value) => [String(value), text])),
});

const MAX_JSON = 4096;
const json = (name: string, id: number): DataType => ({
  name,
  id,
  length: MAX_JSON,
  varying: true,
  fields: [],
  json: { fields: [] },
});

export const SHUTTER_NAMES = ['closed', 'open'] as const;

export const MOTOR: DataType = {
  name: 'DcssMotor',
  id: 0x0d00,
  length: 9,
  varying: false,
  fields: [f64('position', 0), u8('status', 8, MOTOR_STATUSES)],
};
export const SHUTTER: DataType = {
  name: 'DcssShutter',
  id: 0x0d01,
  length: 1,
  varying: false,
  fields: [u8('state', 0, SHUTTER_NAMES)],
};
export const ION_CHAMBER: DataType = {
  name: 'DcssIonChamber',
  id: 0x0d02,
  length: 16,
  varying: false,
  fields: [f64('counts', 0), f64('seconds', 8, 's')],
};
export const ENCODER: DataType = {
  name: 'DcssEncoder',
  id: 0x0d03,
  length: 8,
  varying: false,
  fields: [f64('position', 0)],
};
/** `{contents}`. */
export const STRING = json('DcssString', 0x0d04);
/** `{operation, handle, status, text}`; status `update` for an update. */
export const OPERATION = json('DcssOperation', 0x0d05);
/** `{level, sender, text}`. */
export const LOG = json('DcssLog', 0x0d06);

export const HARDWARE_TYPES = [MOTOR, SHUTTER, ION_CHAMBER, ENCODER, STRING, OPERATION, LOG];

const image = (name: string, id: number, mediaType: ImageType): DataType => ({
  name,
  id,
  length: MAX_IMAGE,
  varying: true,
  fields: [],
  latestOnly: { mediaType },
});

export const IMAGES: Readonly<Record<ImageType, DataType>> = {
  'image/jpeg': image('CameraImage', 0x0d10, 'image/jpeg'),
  'image/png': image('CameraPng', 0x0d11, 'image/png'),
};

/** As JSON that fits into a value. */
export function jsonBytes(value: Readonly<Record<string, string>>): Buffer {
  const longest = Math.floor(MAX_JSON / (2 * Object.keys(value).length));
  const cut = Object.fromEntries(Object.entries(value).map(([key, text]) => [key, text.slice(0, longest)]));
  const bytes = Buffer.from(JSON.stringify(cut));
  return bytes.length <= MAX_JSON ? bytes : Buffer.from('{}');
}
