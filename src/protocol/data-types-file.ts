/** Reads and checks data-types.json. */
import { resolve } from 'node:path';
import * as z from 'zod';
import { packageRoot } from '../base/package-root.js';
import {
  type DataField,
  type DataType,
  DataTypes,
  NUMBER_SIZES,
  type SensorClasses,
  STATE_CLASSES,
  type ValueNames,
} from './data-types.js';
import {
  badTable,
  checkJsonTable,
  numberOrHex,
  readJson,
  readJsonTable,
  refuseAlikeNames,
  refuseNumbers,
  refuseRepeats,
} from './json-table.js';
import { readPredecessorTypes } from './predecessor-types.js';

const SHIPPED_FILE = resolve(packageRoot, 'data-types.json');

/** Maximum of the length byte of a `[GET]` reply. */
const MAX_VALUE_LENGTH = 255;

const fieldSchema = z.strictObject({
  name: z.string().min(1).max(64),
  type: z.enum([...(Object.keys(NUMBER_SIZES) as (keyof typeof NUMBER_SIZES)[]), 'text', 'bytes']).optional(),
  endian: z.enum(['le', 'be']).optional(),
  length: z.int().min(1).max(MAX_VALUE_LENGTH).optional(),
  scale: z.number().optional(),
  unit: z.string().max(16).optional(),
  deviceClass: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}$/, {
      error: 'must be a Home Assistant device class such as "temperature"',
    })
    .optional(),
  names: z
    .record(z.string().regex(/^-?\d{1,10}$/, { error: 'must be a whole number' }), z.string().min(1).max(64))
    .optional(),
  stateClass: z.enum(STATE_CLASSES, { error: `must be one of ${STATE_CLASSES.join(', ')}` }).optional(),
});

const typeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\x21-\x7e]{2,64}$/, { error: 'must be 2 to 64 printable ASCII characters without spaces' }),
  id: numberOrHex(0, 0xff),
  length: z.int().min(1).max(MAX_VALUE_LENGTH).optional(),
  maxLength: z.int().min(1).max(MAX_VALUE_LENGTH).optional(),
  encoding: z.enum(['binary', 'json']).default('binary'),
  fields: z.array(fieldSchema).default([]),
  deviceTime: z.string().min(1).optional(),
});

const fileSchema = z.strictObject({ types: z.array(typeSchema) });

type FieldEntry = z.output<typeof fieldSchema>;
type TypeEntry = z.output<typeof typeSchema>;

/** Types that the opcodes.json of this package refers to. */
const STORED_BY_OPCODES: ReadonlySet<string> = new Set(['Position', 'Report']);

/** Throws `BAD_TABLE` with file, key and reason. Also accepts a `Data_Info.json` of the predecessor. */
export function loadDataTypes(file: string): DataTypes {
  const json = readJson(file);
  const given = readPredecessorTypes(json);
  if (!given) return checkDataTypes(file, checkJsonTable(file, json, fileSchema).types);
  const { types } = checkJsonTable(file, { types: given }, fileSchema);
  const completed = complete(types);
  const names = completed.slice(types.length).map(({ name }) => name);
  return checkDataTypes(file, completed, describeConversion(file, types.length, names));
}

/**
 * The predecessor's file does not define the fields of values: types that equal one of this package's are replaced with
 * it. Types that opcodes.json refers to are added if their names and ids are free.
 */
function complete(types: readonly TypeEntry[]): TypeEntry[] {
  const own = readJsonTable(SHIPPED_FILE, fileSchema).types;
  const taken = types.map(
    (type) =>
      own.find(({ name, id, length }) => name === type.name && id === type.id && length === type.length) ??
      type,
  );
  const isFree = (type: TypeEntry) => !types.some(({ name, id }) => name === type.name || id === type.id);
  return [...taken, ...own.filter((type) => STORED_BY_OPCODES.has(type.name) && isFree(type))];
}

function describeConversion(file: string, count: number, added: readonly string[]): string {
  const more = added.length > 0 ? `; added for opcodes.json: ${added.join(', ')}` : '';
  return `${file} is a Data_Info.json of the predecessor: read ${count} data types${more}; to decode the fields of values, convert it to the format of data-types.json`;
}

function checkDataTypes(file: string, types: readonly TypeEntry[], note?: string): DataTypes {
  refuseRepeats(file, 'types', types, 'id');
  refuseAlikeNames(file, 'types', types);
  refuseNumbers(file, 'types', types, ({ id }) => id);
  for (const [index, type] of types.entries()) {
    refuseRepeats(file, `types.${index}.fields`, type.fields, 'name');
  }
  return new DataTypes(
    types.map((entry, index) => readType(file, `types.${index}`, entry)),
    note,
  );
}

function readType(file: string, key: string, entry: TypeEntry): DataType {
  if ((entry.length === undefined) === (entry.maxLength === undefined)) {
    throw badTable(file, key, 'must have either length or maxLength, not both');
  }
  const varying = entry.maxLength !== undefined;
  const length = entry.length ?? entry.maxLength ?? 0;
  const common = { name: entry.name, id: entry.id, length, varying };
  if (entry.encoding === 'json') return { ...common, fields: [], json: readJsonShape(file, key, entry) };
  if (entry.deviceTime !== undefined)
    throw badTable(file, `${key}.deviceTime`, 'requires the encoding "json"');
  return { ...common, fields: readFields(file, key, entry, length) };
}

function readJsonShape(file: string, key: string, entry: TypeEntry): NonNullable<DataType['json']> {
  const fields = entry.fields.map((field, index) => {
    if (field.type || field.endian || field.length) {
      throw badTable(
        file,
        `${key}.fields.${index}`,
        'a JSON field can have only name, scale, unit, names, deviceClass and stateClass',
      );
    }
    return { name: field.name, scale: field.scale ?? 1, ...optionsOf(field) };
  });
  return entry.deviceTime === undefined ? { fields } : { fields, deviceTime: entry.deviceTime };
}

function readFields(file: string, key: string, entry: TypeEntry, length: number): DataField[] {
  if (entry.fields.length === 0) return [];
  if (entry.maxLength !== undefined) {
    throw badTable(file, `${key}.fields`, 'not allowed for a binary type of variable length');
  }
  let offset = 0;
  const fields = entry.fields.map((field, index) => {
    const read = readFieldEntry(file, `${key}.fields.${index}`, field, offset);
    offset += read.size;
    return read;
  });
  if (offset === length) return fields;
  throw badTable(file, `${key}.fields`, `add up to ${offset} bytes, but the length is ${length}`);
}

function readFieldEntry(file: string, key: string, field: FieldEntry, offset: number): DataField {
  if (field.type === undefined) throw badTable(file, `${key}.type`, 'is missing');
  const isNumber = field.type !== 'text' && field.type !== 'bytes';
  if (isNumber === (field.length !== undefined)) {
    throw badTable(file, `${key}.length`, 'required for text and bytes, not allowed for numbers');
  }
  if (field.names !== undefined && !isInteger(field.type)) {
    throw badTable(file, `${key}.names`, 'can only be given for an integer');
  }
  const size = isNumber ? NUMBER_SIZES[field.type as keyof typeof NUMBER_SIZES] : (field.length ?? 0);
  if (isNumber && size > 1 && field.endian === undefined) {
    throw badTable(file, `${key}.endian`, 'must be "le" or "be" for a number of more than one byte');
  }
  const littleEndian = field.endian === 'le';
  const { name, type } = field;
  return { name, type, littleEndian, size, offset, scale: field.scale ?? 1, ...optionsOf(field) };
}

function isInteger(type: string): boolean {
  return /^[ui]\d/.test(type);
}

function optionsOf({
  unit,
  names,
  deviceClass,
  stateClass,
}: FieldEntry): SensorClasses & { unit?: string; names?: ValueNames } {
  return {
    ...(unit !== undefined && { unit }),
    ...(names !== undefined && { names }),
    ...(deviceClass !== undefined && { deviceClass }),
    ...(stateClass !== undefined && { stateClass }),
  };
}
