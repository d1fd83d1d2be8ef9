/**
 * Events as bytes, as sent to the store's thread and as stored in the table `recent`. All numbers are little-endian.
 *
 *     length of what follows (u32) | kind (u8) | seq (f64) | at (f64) | payload
 *
 *     value:    node (u16) | type id (u16) | received at (f64) | device time (f64, NaN = none) | bytes
 *     of device: the same, with node as u32: a device's address is above 0xFFFF
 *     message:  goes to listeners (u8) | body
 *     other:    JSON of the event's content; the bytes of a message, its answer or a sent body are {"hex": "…"}
 */
import type { HubEvent, HubEventContent } from '../hub/hub.js';
import type { TimedValue } from '../node/node-values.js';
import { isDevice } from '../protocol/address.js';
import { fitsType } from '../protocol/data-types.js';
import { decodeMessage, type Tables } from '../protocol/message.js';

const KIND = { value: 1, message: 2, other: 3, deviceValue: 4 } as const;

const HEADER_LENGTH = 4 + 1 + 8 + 8;
/** Offset of the event number in a record. */
const SEQ_OFFSET = 4 + 1;
/** Of a value, the fields between the node and the bytes. */
const VALUE_HEADER_LENGTH = 2 + 8 + 8;
const NODE_LENGTH = 2;
const DEVICE_LENGTH = 4;

/** Name and uuid of a new or changed node: for the store, not part of the event. */
export interface NodeFacts {
  readonly name: string;
  /** 32 hex digits. */
  readonly uuid?: string;
}

/** The content of an event that is neither a value nor a message. */
export type OtherContent = Exclude<HubEventContent, { kind: 'value' | 'message' }>;

/** Collects events as records. */
export class EventWriter {
  readonly #firstSize: number;
  #buffer: Buffer;
  #length = 0;

  /** `size`: initial bytes; the buffer grows as needed. */
  constructor(size: number) {
    this.#firstSize = size;
    this.#buffer = Buffer.alloc(0);
  }

  /** Bytes collected since the last `take`. */
  get length(): number {
    return this.#length;
  }

  write(event: HubEvent, facts?: NodeFacts): void {
    if (event.kind === 'value') this.writeValue(event.node, event.type.id, event.value, event.seq, event.at);
    else if (event.kind === 'message') this.#writeMessage(event.seq, event.at, event);
    else this.#writeOther(event, facts);
  }

  /** Returns the records collected since the last call, in their own memory. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.#buffer.buffer as ArrayBuffer, 0, this.#length);
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }

  /** Without `seq` and `at`: a value outside an event. */
  writeValue(node: number, typeId: number, value: TimedValue, seq = 0, at = 0): void {
    const { receivedAt, deviceTime = Number.NaN, bytes } = value;
    const isOfDevice = isDevice(node);
    const kind = isOfDevice ? KIND.deviceValue : KIND.value;
    const nodeLength = isOfDevice ? DEVICE_LENGTH : NODE_LENGTH;
    let offset = this.#begin(kind, seq, at, nodeLength + VALUE_HEADER_LENGTH + bytes.length);
    offset = this.#buffer.writeUIntLE(node, offset, nodeLength);
    offset = this.#buffer.writeUInt16LE(typeId, offset);
    offset = this.#buffer.writeDoubleLE(receivedAt, offset);
    offset = this.#buffer.writeDoubleLE(deviceTime, offset);
    bytes.copy(this.#buffer, offset);
  }

  #writeMessage(
    seq: number,
    at: number,
    { message, toListeners }: Extract<HubEventContent, { kind: 'message' }>,
  ): void {
    const offset = this.#begin(KIND.message, seq, at, 1 + message.body.length);
    this.#buffer.writeUInt8(toListeners ? 1 : 0, offset);
    message.body.copy(this.#buffer, offset + 1);
  }

  #writeOther(event: Exclude<HubEvent, { kind: 'value' | 'message' }>, facts: NodeFacts | undefined): void {
    const { seq, at, ...content } = event;
    const json = Buffer.from(toJson(facts ? { ...content, facts } : content));
    const offset = this.#begin(KIND.other, seq, at, json.length);
    json.copy(this.#buffer, offset);
  }

  /** Returns the offset of the payload. */
  #begin(kind: number, seq: number, at: number, length: number): number {
    this.#reserve(HEADER_LENGTH + length);
    let offset = this.#buffer.writeUInt32LE(HEADER_LENGTH - 4 + length, this.#length);
    offset = this.#buffer.writeUInt8(kind, offset);
    offset = this.#buffer.writeDoubleLE(seq, offset);
    offset = this.#buffer.writeDoubleLE(at, offset);
    this.#length += HEADER_LENGTH + length;
    return offset;
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.alloc(Math.max(needed, this.#buffer.length * 2, this.#firstSize));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** An event as the store sees it. */
export type EventRecord = { readonly seq: number; readonly at: number } & (
  | {
      readonly kind: 'value';
      readonly node: number;
      readonly typeId: number;
      readonly receivedAt: number;
      readonly deviceTime: number | undefined;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'message'; readonly toListeners: boolean; readonly body: Buffer }
  | { readonly kind: 'other'; readonly json: string }
);

/** Those of the records, in ascending order, whose number is between the two, both excluded; in the same memory. */
export function recordsBetween(bytes: Uint8Array, after: number, before: number): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [from, to] = [0, 0];
  for (const start of recordStarts(buffer)) {
    const seq = buffer.readDoubleLE(start + SEQ_OFFSET);
    const end = start + 4 + buffer.readUInt32LE(start);
    if (seq <= after) from = end;
    if (seq < before) to = end;
  }
  return bytes.subarray(from, Math.max(from, to));
}

/** Raises the number of every record. */
export function raiseSeqs(bytes: Uint8Array, by: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const start of recordStarts(buffer)) {
    buffer.writeDoubleLE(buffer.readDoubleLE(start + SEQ_OFFSET) + by, start + SEQ_OFFSET);
  }
}

/** Number of the first record; undefined without records. */
export function firstSeqOf(bytes: Uint8Array): number | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const start of recordStarts(buffer)) return buffer.readDoubleLE(start + SEQ_OFFSET);
  return undefined;
}

function* recordStarts(buffer: Buffer): Generator<number> {
  for (let start = 0; start + HEADER_LENGTH <= buffer.length; start += 4 + buffer.readUInt32LE(start)) {
    yield start;
  }
}

/** Reads the records of an `EventWriter` in order; ends at the first incomplete record. */
export function* readRecords(bytes: Uint8Array): Generator<EventRecord> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start + HEADER_LENGTH <= buffer.length; ) {
    const end = start + 4 + buffer.readUInt32LE(start);
    if (end > buffer.length || end < start + HEADER_LENGTH) return;
    const record = readRecord(buffer.subarray(start + 4, end));
    if (!record) return;
    yield record;
    start = end;
  }
}

function readRecord(bytes: Buffer): EventRecord | undefined {
  const base = { seq: bytes.readDoubleLE(1), at: bytes.readDoubleLE(9) };
  const payload = bytes.subarray(HEADER_LENGTH - 4);
  switch (bytes[0]) {
    case KIND.value:
    case KIND.deviceValue: {
      const nodeLength = bytes[0] === KIND.value ? NODE_LENGTH : DEVICE_LENGTH;
      if (payload.length < nodeLength + VALUE_HEADER_LENGTH) return undefined;
      return { ...base, kind: 'value', ...readValue(payload, nodeLength) };
    }
    case KIND.message:
      return { ...base, kind: 'message', toListeners: payload[0] === 1, body: payload.subarray(1) };
    case KIND.other:
      return { ...base, kind: 'other', json: payload.toString('utf8') };
    default:
      return undefined;
  }
}

function readValue(payload: Buffer, nodeLength: number) {
  const rest = payload.subarray(nodeLength);
  const deviceTime = rest.readDoubleLE(10);
  return {
    node: payload.readUIntLE(0, nodeLength),
    typeId: rest.readUInt16LE(0),
    receivedAt: rest.readDoubleLE(2),
    deviceTime: Number.isNaN(deviceTime) ? undefined : deviceTime,
    bytes: rest.subarray(VALUE_HEADER_LENGTH),
  };
}

/** The event of a record; undefined if it is damaged, or its type was removed or has another length now. */
export function eventOf(record: EventRecord, tables: Tables): HubEvent | undefined {
  const { seq, at } = record;
  if (record.kind === 'message') {
    const { body, toListeners } = record;
    return { seq, at, kind: 'message', message: decodeMessage(body, tables), toListeners };
  }
  if (record.kind === 'other') {
    const read = contentOf(record.json);
    return read && { seq, at, ...read.content };
  }
  const { node, typeId, receivedAt, deviceTime, bytes } = record;
  const type = tables.dataTypes.findById(typeId);
  if (!type || !fitsType(type, bytes)) return undefined;
  const value = { receivedAt, bytes, ...(deviceTime !== undefined && { deviceTime }) };
  return { seq, at, kind: 'value', node, type, value };
}

/** The key that the content of each kind must have. */
const KEYS: Readonly<Record<OtherContent['kind'], string>> = {
  node: 'node',
  recovery: 'step',
  paths: 'paths',
  link: 'status',
  delivery: 'delivery',
  alarm: 'alarm',
  console: 'line',
  traffic: 'client',
  robots: 'robots',
};

/**
 * Parses the content in a record's JSON, and the facts of a node with it; undefined if it is not valid. SQLite does not
 * notice a byte that the disk has changed within a text.
 */
export function contentOf(json: string): { content: OtherContent; facts: NodeFacts | undefined } | undefined {
  const read = readJson(json);
  if (!isContent(read)) return undefined;
  const { facts, ...content } = read;
  return { content: withBytes(content as OtherContent), facts };
}

/** The arguments and the result of a command are anything that JSON can be, also an object with `hex` alone. */
function withBytes(content: OtherContent): OtherContent {
  if (content.kind === 'delivery') {
    const { message, answer, ...delivery } = content.delivery;
    const answered = answer === undefined ? {} : { answer: bytesOf(answer) };
    return { ...content, delivery: { ...delivery, message: bytesOf(message), ...answered } };
  }
  if (content.kind === 'traffic' && content.what === 'sent')
    return { ...content, body: bytesOf(content.body) };
  return content;
}

function bytesOf(read: unknown): Buffer {
  return isHex(read) ? Buffer.from(read.hex, 'hex') : Buffer.alloc(0);
}

function isContent(read: unknown): read is OtherContent & { facts?: NodeFacts } {
  if (typeof read !== 'object' || read === null || !('kind' in read)) return false;
  const { kind } = read;
  if (typeof kind !== 'string' || !Object.hasOwn(KEYS, kind)) return false;
  const key = KEYS[kind as OtherContent['kind']];
  return key in read && read[key as keyof typeof read] !== null;
}

/** Undefined if the text is not valid JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON in which bytes are `{"hex": "…"}`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, given) {
    const original = this[key];
    return Buffer.isBuffer(original) ? { hex: original.toString('hex') } : given;
  });
}

function isHex(value: unknown): value is { readonly hex: string } {
  if (typeof value !== 'object' || value === null || !('hex' in value)) return false;
  return typeof value.hex === 'string' && Object.keys(value).length === 1;
}
