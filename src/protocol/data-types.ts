/**
 * Data types: the name, length and fields of the values that a site's nodes send. data-types-file.ts reads them.
 * A value's bytes on the wire: `data id (1) | value (length)` inside a Data message, the complete payload elsewhere.
 */
import { isDeepStrictEqual } from 'node:util';
import { digitsOf, parseExact, writeExact } from './exact-json.js';
import { shortestF32 } from './f32-text.js';
import { nameKey, numberIn } from './names.js';

/** One decoded field; `unit` as in data-types.json. */
export interface DecodedField {
  readonly value: number | string;
  /** What the number stands for, where the field is an enumeration. */
  readonly name?: string;
  readonly unit?: string;
}

/**
 * A decoded value: field name → number or text. Bytes are lower-case hex; a JSON integer beyond ±(2^53 - 1) is text.
 */
export type DecodedValue = Readonly<Record<string, DecodedField>>;

/** Home Assistant's classes of a sensor, if they do not follow from the unit. */
export interface SensorClasses {
  /** `temperature`, `battery` … */
  readonly deviceClass?: string;
  readonly stateClass?: (typeof STATE_CLASSES)[number];
}

export const STATE_CLASSES = ['measurement', 'measurement_angle', 'total', 'total_increasing'] as const;

export interface DataField extends SensorClasses {
  readonly name: string;
  readonly type: FieldType;
  readonly littleEndian: boolean;
  /** Bytes. */
  readonly size: number;
  readonly offset: number;
  readonly scale: number;
  readonly unit?: string;
  readonly names?: ValueNames;
}

/** Of an enumeration: what each number, before scaling, stands for. */
export type ValueNames = Readonly<Record<string, string>>;

/** A member of a JSON value that is scaled or has a unit; other members are passed on unchanged. */
export interface JsonField extends SensorClasses {
  readonly name: string;
  readonly scale: number;
  readonly unit?: string;
  readonly names?: ValueNames;
}

export interface DataType {
  readonly name: string;
  /** 0x00–0xFF: the data id on the wire. 0x100–0xFFFF: a type of devices. */
  readonly id: number;
  /** Bytes; the maximum for a type of variable length. */
  readonly length: number;
  /** A value of variable length takes up a complete message, and can't be part of a Data message. */
  readonly varying: boolean;
  readonly fields: readonly DataField[];
  readonly json?: { readonly fields: readonly JsonField[]; readonly deviceTime?: string };
  /** Devices only: maximum values per second for the picture, feed and history; the newest of each interval is used. */
  readonly feedRate?: number;
  /** Of devices: kept as the newest value only, in no event and no history, such as an image. */
  readonly latestOnly?: { readonly mediaType: string };
}

type FieldType = keyof typeof NUMBER_SIZES | 'text' | 'bytes';

/** Bytes of each kind of number. */
export const NUMBER_SIZES = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u24: 3,
  i24: 3,
  u32: 4,
  i32: 4,
  f32: 4,
  f64: 8,
} as const;

/** A data id on the wire is one byte. */
const MAX_WIRE_ID = 0xff;
const MAX_ID = 0xffff;

/** Maximum bytes of a device's value: thousands of them are held in memory as events. */
const MAX_DEVICE_VALUE_LENGTH = 4096;
/** Maximum bytes of a value that is `latestOnly`: one of each device and type is held, and sent in one reply. */
const MAX_MEDIA_LENGTH = 8_388_608;

/** The data types of a site, by id and by name. */
export class DataTypes {
  readonly #byId = new Map<number, DataType>();
  readonly #byName = new Map<string, DataType>();
  /** Every proper prefix of a name. */
  readonly #prefixes = new Set<string>();

  /** `note`: for the log, about how they were read. */
  constructor(
    types: Iterable<DataType>,
    readonly note?: string,
  ) {
    for (const type of types) {
      this.#byId.set(type.id, type);
      this.#byName.set(type.name, type);
      for (let length = 0; length < type.name.length; length++)
        this.#prefixes.add(type.name.slice(0, length));
    }
  }

  /**
   * Adds types of devices: they have no data id on the mesh's wire, and `[GET]` does not find them. Identical types, from
   * an earlier opening of the same source, are skipped. Throws without adding any if an id or a name (ignoring case) is
   * taken, or a type is not valid. Returns the added types.
   */
  declare(types: Iterable<DataType>): DataType[] {
    const added = [...types].filter((type) => !isDeepStrictEqual(this.#byId.get(type.id), type));
    const taken = new Map(this.all().map((type) => [nameKey(type.name), type.id]));
    const ids = new Set(this.#byId.keys());
    for (const type of added) {
      const fault = findTypeFault(type);
      if (fault !== undefined) throw new RangeError(`data type ${type.name} (${type.id}): ${fault}`);
      if (ids.has(type.id) || taken.has(nameKey(type.name))) {
        throw new Error(`data type ${type.name} (${type.id}): its id or name is already taken`);
      }
      ids.add(type.id);
      taken.set(nameKey(type.name), type.id);
    }
    for (const type of added) {
      this.#byId.set(type.id, type);
      this.#byName.set(type.name, type);
    }
    return added;
  }

  findById(id: number): DataType | undefined {
    return this.#byId.get(id);
  }

  findByName(name: string): DataType | undefined {
    return this.#byName.get(name);
  }

  /** The type for the argument of `[GET]`: one byte is an id, more are the name in ASCII. */
  findByKey(key: Buffer): DataType | undefined {
    const only = key.length === 1 ? key[0] : undefined;
    if (only !== undefined) return this.findById(only);
    const named = this.findByName(key.toString('latin1'));
    return named && named.id <= MAX_WIRE_ID ? named : undefined;
  }

  /** True if a type's name starts with these bytes and is longer. */
  isPrefixOfName(key: Buffer): boolean {
    return this.#prefixes.has(key.toString('latin1'));
  }

  all(): DataType[] {
    return [...this.#byId.values()];
  }
}

function findTypeFault({ name, id, length, feedRate = 1, latestOnly }: DataType): string | undefined {
  if (!Number.isInteger(id) || id <= MAX_WIRE_ID || id > MAX_ID) {
    return `the id of a device's type must be from ${MAX_WIRE_ID + 1} to ${MAX_ID}`;
  }
  if (!/^[\x21-\x7e]{2,64}$/.test(name))
    return 'the name must be 2 to 64 printable ASCII characters without spaces';
  if (numberIn(name) !== undefined) return 'the name must not look like a number';
  const longest = latestOnly ? MAX_MEDIA_LENGTH : MAX_DEVICE_VALUE_LENGTH;
  if (length < 1 || length > longest) return `the length must be from 1 to ${longest}`;
  return feedRate >= 0.001 && feedRate <= 1000 ? undefined : 'feedRate must be from 0.001 to 1000';
}

/** False for bytes that were stored under a different definition of the type. */
export function fitsType({ length, varying }: DataType, bytes: Buffer): boolean {
  return varying ? bytes.length <= length : bytes.length === length;
}

/**
 * Decodes a value by its type's fields. Returns no fields for a type without fields and for invalid JSON. `bytes` must
 * have the type's length.
 */
export function decodeValue(type: DataType, bytes: Buffer): DecodedValue {
  if (type.json) return decodeJson(type.json.fields, bytes);
  return Object.fromEntries(type.fields.map((field) => [field.name, decodeField(field, bytes)]));
}

/**
 * The time reported by the device itself, ms since the epoch; undefined if the value has none. Accepts seconds or
 * milliseconds since the epoch, or ISO 8601 text.
 */
export function deviceTimeOf(type: DataType, bytes: Buffer): number | undefined {
  const key = type.json?.deviceTime;
  if (key === undefined) return undefined;
  const reported = readJsonObject(bytes)?.[key];
  if (typeof reported === 'string') return dateOrNothing(Date.parse(reported));
  if (typeof reported !== 'number' || reported < SECONDS_SINCE_EPOCH) return undefined;
  return dateOrNothing(reported < SECONDS_SINCE_EPOCH * 1000 ? reported * 1000 : reported);
}

/** The JSON object in `bytes`; undefined if they are not one. */
export function readJsonObject(
  bytes: Buffer,
  parse: (text: string) => unknown = JSON.parse,
): Record<string, unknown> | undefined {
  try {
    const parsed = parse(bytes.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Numbers from here up are epoch seconds (September 2001); smaller ones are a time of day or week. */
const SECONDS_SINCE_EPOCH = 1e9;

/** The maximum of a `Date`. */
const LAST_DATE_MS = 8.64e15;

function dateOrNothing(ms: number): number | undefined {
  return Math.abs(ms) <= LAST_DATE_MS ? ms : undefined;
}

function decodeField(field: DataField, bytes: Buffer): DecodedField {
  if (!field.names) return withUnit(fieldValue(field, bytes), field.unit);
  const raw = readField(field, bytes);
  const value = typeof raw === 'number' ? scaled(raw, field.scale) : raw;
  return withName(withUnit(value, field.unit), field.names, raw);
}

/** The value of one field, scaled. `bytes` must have the type's length. */
export function fieldValue(field: DataField, bytes: Buffer): number | string {
  const value = readField(field, bytes);
  return typeof value === 'number' ? scaled(value, field.scale) : value;
}

function readField(field: DataField, bytes: Buffer): number | string {
  const { type, littleEndian, offset, size } = field;
  switch (type) {
    case 'text':
      return paddedText(bytes.subarray(offset, offset + size));
    case 'bytes':
      return bytes.toString('hex', offset, offset + size);
    case 'f32':
      return shortestF32(littleEndian ? bytes.readFloatLE(offset) : bytes.readFloatBE(offset));
    case 'f64':
      return littleEndian ? bytes.readDoubleLE(offset) : bytes.readDoubleBE(offset);
    default:
      return readInteger(field, bytes);
  }
}

/** Text ends at the first zero byte: the rest of the field is padding. */
function paddedText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

function readInteger({ type, littleEndian, offset, size }: DataField, bytes: Buffer): number {
  if (type.startsWith('u')) {
    return littleEndian ? bytes.readUIntLE(offset, size) : bytes.readUIntBE(offset, size);
  }
  return littleEndian ? bytes.readIntLE(offset, size) : bytes.readIntBE(offset, size);
}

function decodeJson(fields: readonly JsonField[], bytes: Buffer): DecodedValue {
  const members = Object.entries(readJsonObject(bytes, parseExact) ?? {});
  return Object.fromEntries(members.map(([name, raw]) => [name, decodeMember(fields, name, raw)]));
}

/**
 * Members that are neither numbers nor text stay JSON: `true`, `null`, `[1,2]`. An integer that a double can't hold
 * becomes text, unless it is scaled: then only 12 digits matter.
 */
function decodeMember(fields: readonly JsonField[], name: string, raw: unknown): DecodedField {
  const { scale = 1, unit, names } = fields.find((candidate) => candidate.name === name) ?? {};
  if (names && typeof raw === 'number') return withName(withUnit(scaled(raw, scale), unit), names, raw);
  const digits = digitsOf(raw);
  if (digits !== undefined) return withUnit(scale === 1 ? digits : scaled(Number(digits), scale), unit);
  if (typeof raw === 'number') return withUnit(scaled(raw, scale), unit);
  return withUnit(typeof raw === 'string' ? raw : writeExact(raw), unit);
}

function withName(field: DecodedField, names: ValueNames, raw: number | string): DecodedField {
  const name = Object.hasOwn(names, raw) ? names[raw] : undefined;
  return name === undefined ? field : { ...field, name };
}

function withUnit(value: number | string, unit: string | undefined): DecodedField {
  return unit === undefined ? { value } : { value, unit };
}

/**
 * Scaling by 0.001 must give 12.345, not 12.345000000000001: 12 digits are more than any sensor has. A whole number of up
 * to 12 digits is divided by a power of ten instead, which gives the same result in a twentieth of the time.
 */
function scaled(value: number, scale: number): number {
  if (scale === 1) return value;
  const divisor = DIVISORS.get(scale);
  if (divisor !== undefined && Number.isInteger(value) && Math.abs(value) < 1e12) return value / divisor;
  return Number((value * scale).toPrecision(12));
}

/** 0.1 → 10 and so on: division by these gives the double nearest to the exact decimal result. */
const DIVISORS: ReadonlyMap<number, number> = new Map(
  Array.from({ length: 9 }, (_, index) => [Number(`1e-${index + 1}`), 10 ** (index + 1)]),
);
