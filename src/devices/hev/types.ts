/** The payloads as data types of the hub; a value is a whole payload, with its header. */
import { type Numbers, PAYLOAD_TYPE } from '../../codecs/hev/names.js';
import { LAYOUTS, PAYLOAD_NAMES, type PayloadField, type PayloadName } from '../../codecs/hev/payload.js';
import type { DataField, DataType } from '../../protocol/data-types.js';

/** Plus the number of the payload type: 0x111 DATA … 0x11D PERSONAL. */
const FIRST_ID = 0x110;

/** Of the header; version and payload type are the same in each. */
const TIMESTAMP: DataField = {
  name: 'timestamp',
  type: 'u32',
  littleEndian: true,
  size: 4,
  offset: 1,
  scale: 1,
  unit: 'ms',
};

/** `Battery` is a type of the mesh, and names are unique regardless of case. */
export const TYPES: Readonly<Record<PayloadName, DataType>> = Object.fromEntries(
  PAYLOAD_NAMES.map((name) => [name, typeOf(name)]),
) as Record<PayloadName, DataType>;

function typeOf(name: PayloadName): DataType {
  const { length, fields } = LAYOUTS[name];
  return {
    name: name === 'BATTERY' ? 'HEV_BATTERY' : name,
    id: FIRST_ID + PAYLOAD_TYPE[name],
    length,
    varying: false,
    fields: [TIMESTAMP, ...fields.map((field) => fieldOf(name, field))],
  };
}

function fieldOf(payload: PayloadName, { name, type, size, offset, names }: PayloadField): DataField {
  const unit = unitOf(payload, name);
  return {
    name,
    type,
    littleEndian: true,
    size,
    offset,
    scale: 1,
    ...(unit !== undefined && { unit }),
    ...(names && { names: namesByNumber(names) }),
  };
}

/** Only where the protocol says which. */
function unitOf(payload: PayloadName, field: string): string | undefined {
  if (field.endsWith('_percent')) return '%';
  return payload === 'READBACK' && field.startsWith('duration_') ? 'ms' : undefined;
}

function namesByNumber(names: Numbers): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([name, number]) => [String(number), name]));
}
