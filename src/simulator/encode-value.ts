import type { DataField, DataType } from '../protocol/data-types.js';
import type { ReportedValue } from '../protocol/message.js';

/** Measurements by the field names of data-types.json, in the units given there. */
export type Readings = Readonly<Record<string, number>>;

/** A value's bytes; undefined if readings are missing for the type. The counterpart of `decodeValue`. */
export function encodeValue(type: DataType | undefined, readings: Readings): ReportedValue | undefined {
  if (!type || type.varying || type.json || type.fields.length === 0) return undefined;
  const bytes = Buffer.alloc(type.length);
  for (const field of type.fields) {
    const reading = readings[field.name];
    if (reading === undefined || field.type === 'text' || field.type === 'bytes') return undefined;
    writeField(field, reading / field.scale, bytes);
  }
  return { type, bytes };
}

function writeField(field: DataField, value: number, bytes: Buffer): void {
  const { type, offset, littleEndian } = field;
  if (type === 'f64') littleEndian ? bytes.writeDoubleLE(value, offset) : bytes.writeDoubleBE(value, offset);
  else if (type === 'f32')
    littleEndian ? bytes.writeFloatLE(value, offset) : bytes.writeFloatBE(value, offset);
  else writeInteger(field, Math.round(value), bytes);
}

function writeInteger(field: DataField, value: number, bytes: Buffer): void {
  const { size, offset, littleEndian } = field;
  if (field.type.startsWith('u')) {
    const fitting = clamp(value, 0, 2 ** (size * 8) - 1);
    littleEndian ? bytes.writeUIntLE(fitting, offset, size) : bytes.writeUIntBE(fitting, offset, size);
  } else {
    const limit = 2 ** (size * 8 - 1);
    const fitting = clamp(value, -limit, limit - 1);
    littleEndian ? bytes.writeIntLE(fitting, offset, size) : bytes.writeIntBE(fitting, offset, size);
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
