/** One kind of line: how it becomes a value of a data type. */
import type { DataType, JsonField } from '../../protocol/data-types.js';
import { badDeviceSetting } from '../device.js';
import { typeIdOfName } from '../identity.js';
import { createExtractor } from './extract.js';
import { readField } from './field.js';
import type { FieldTable, MessageTable } from './section.js';

export interface LineValues {
  readonly fields: Readonly<Record<string, number | string>>;
  /** ms since the epoch, by the device's own clock. */
  readonly at?: number;
  /** Names of fields whose text is not a value of their type. */
  readonly invalid: readonly string[];
}

export interface MessageReader {
  /** Its setting: `device.0.message.1`. */
  readonly place: string;
  /** How it reads a line, for people. */
  readonly description: string;
  readonly type: DataType;
  /** Undefined if the line is not of this kind. */
  read(line: string): LineValues | undefined;
}

/** Bytes of JSON: the maximum of a device's value. */
export const MAX_VALUE_LENGTH = 4096;
const FIELD_NAME = /^[\w-]{1,64}$/;
/** Columns that are not wanted. */
const SKIPPED = ['', '-'];

interface Field extends FieldTable {
  readonly name: string;
  readonly from: string;
}

/** Throws `BAD_CONFIG` for settings that contradict one another. */
export function createReader(place: string, table: MessageTable): MessageReader {
  const extractor = createExtractor(place, table);
  const fields = fieldsOf(place, table, extractor.names);
  const wanted = fields.map(({ from }) => from);
  return {
    place,
    description: extractor.description,
    type: typeOf(table, fields),
    read(line) {
      const texts = extractor.extract(line, wanted);
      if (!texts) return undefined;
      const values = valuesOf(fields, texts);
      const isRead = Object.keys(values.fields).length > 0;
      return isRead || extractor.isExact ? values : undefined;
    },
  };
}

function valuesOf(fields: readonly Field[], texts: Readonly<Record<string, string>>): LineValues {
  const values: Record<string, number | string> = {};
  const invalid: string[] = [];
  let at: number | undefined;
  for (const field of fields) {
    const text = texts[field.from];
    if (text === undefined || text.trim() === '') continue;
    const value = readField(field, text);
    if (value === undefined) invalid.push(field.name);
    else if (field.type === 'time') at = Number(value);
    else values[field.name] = value;
  }
  return { fields: values, invalid, ...(at !== undefined && { at }) };
}

/** Groups and columns without an entry are numbers of the same name. */
function fieldsOf(place: string, table: MessageTable, names: readonly string[] | undefined): Field[] {
  const given = Object.entries(table.fields).map(([name, field]) => ({
    ...field,
    name,
    from: field.from ?? name,
  }));
  const unknown = names && given.find(({ from }) => !names.includes(from));
  if (unknown)
    throw badDeviceSetting(
      `${place}.fields.${unknown.name}`,
      unknown.from,
      `available: ${names?.join(', ')}`,
    );
  const used = new Set(given.map(({ from }) => from));
  const others = (names ?? []).filter((name) => !used.has(name) && !SKIPPED.includes(name));
  const fields = [...given, ...others.map((name) => plainField(place, name))];
  const times = fields.filter(({ type }) => type === 'time');
  if (times.length > 1)
    throw badDeviceSetting(
      `${place}.fields`,
      times.map(({ name }) => name),
      'only one time',
    );
  if (fields.length === times.length)
    throw badDeviceSetting(`${place}.fields`, {}, 'needs at least one field');
  return fields;
}

function plainField(place: string, name: string): Field {
  if (!FIELD_NAME.test(name))
    throw badDeviceSetting(`${place}.fields`, name, 'needs a field with this name as its from');
  return { name, from: name, type: 'number', scale: 1 };
}

function typeOf({ type, type_id, feed_rate }: MessageTable, fields: readonly Field[]): DataType {
  return {
    name: type,
    id: type_id ?? typeIdOfName(type),
    length: MAX_VALUE_LENGTH,
    varying: true,
    fields: [],
    json: { fields: fields.filter((field) => field.type !== 'time').map(jsonField) },
    ...(feed_rate !== undefined && { feedRate: feed_rate }),
  };
}

const SWITCH = { '0': 'off', '1': 'on' };

function jsonField({ name, type, unit, scale, names }: Field): JsonField {
  const shown = names ?? (type === 'boolean' ? SWITCH : undefined);
  return { name, scale, ...(unit !== undefined && { unit }), ...(shown && { names: shown }) };
}

/** The bytes of a value. */
export function encodeValues({ fields }: LineValues): Buffer {
  return Buffer.from(JSON.stringify(fields), 'utf8');
}
