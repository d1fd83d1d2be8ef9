/**
 * Bodies from the root.
 *
 *     address (2) | opcode (1) | payload
 *
 * `address` is the sender: 0000 the root itself, 0001 the root's own mesh address, otherwise an edge node. opcodes.json
 * defines the payload for each opcode and kind of sender; a printable body that starts with none of the sender's
 * opcodes is firmware text.
 */
import {
  ADDRESS_LENGTH,
  addressBytes,
  formatAddress,
  isUnicast,
  ROOT_ADDRESS,
  ROOT_MESH_ADDRESS,
  UUID_LENGTH,
} from './address.js';
import { type DataType, type DataTypes, deviceTimeOf, readJsonObject } from './data-types.js';
import type { MessageOpcode, Opcodes } from './opcodes.js';

export interface Tables {
  readonly opcodes: Opcodes;
  readonly dataTypes: DataTypes;
}

export interface ListedNode {
  /** 0x0001–0x7FFF. */
  readonly address: number;
  /** 16 bytes. */
  readonly uuid: Buffer;
}

export interface Path {
  readonly origin: number;
  readonly target: number;
}

export interface ReportedValue {
  readonly type: DataType;
  readonly bytes: Buffer;
  /** ms since the epoch, the device's clock; only if the value contains one. */
  readonly deviceTime?: number;
}

export const MALFORMED_REASONS = {
  bodyTooShort: 'shorter than an address and an opcode',
  notUnicast: 'from an invalid node address',
  listLength: 'list length does not match its count',
  uuidLength: 'uuid is not 16 bytes long',
  valueLength: 'length does not match the data type',
  valueNotJson: 'not a JSON object, as its data type requires',
  dataTooShort: 'ends in the middle of a value',
  dataUndefinedType: 'undefined data id',
  dataLeftOver: 'has extra bytes after its values',
} as const;

export type MalformedReason = keyof typeof MALFORMED_REASONS;

/** A decoded body. `from`: the sender, 0x0000–0x7FFF. */
export type Message = { readonly from: number; readonly body: Buffer } & MessageContent;

export type MessageContent =
  | { readonly kind: 'netInfo'; readonly opcode: MessageOpcode; readonly nodes: readonly ListedNode[] }
  | { readonly kind: 'pathInfo'; readonly opcode: MessageOpcode; readonly paths: readonly Path[] }
  | { readonly kind: 'nodeInfo'; readonly opcode: MessageOpcode; readonly node: ListedNode }
  | { readonly kind: 'rootReset'; readonly opcode: MessageOpcode; readonly text: string }
  | { readonly kind: 'values'; readonly opcode: MessageOpcode; readonly values: readonly ReportedValue[] }
  | { readonly kind: 'opaque'; readonly opcode: MessageOpcode; readonly payload: Buffer }
  | FirmwareText
  | { readonly kind: 'unknown'; readonly code: number }
  | Malformed;

/** `complaintAbout`: the root sent it about that node (0x0000–0xFFFF), although the body has the node's address. */
export interface FirmwareText {
  readonly kind: 'text';
  readonly text: string;
  readonly complaintAbout?: number;
}

/** A body that is not valid; `offset`: position of the fault in the body, in bytes. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly reason: MalformedReason;
  readonly offset: number;
}

/** Maximum entries of a Net Info or Path Info batch; a full one may be followed by another. */
export const BATCH_SIZE = 40;

const HEADER_LENGTH = ADDRESS_LENGTH + 1;
const LISTED_NODE_LENGTH = ADDRESS_LENGTH + UUID_LENGTH;
const PATH_LENGTH = ADDRESS_LENGTH + ADDRESS_LENGTH;

/** Decodes one body. Never throws: an invalid body is `malformed`, one with an undefined opcode `unknown`. */
export function decodeMessage(body: Buffer, tables: Tables): Message {
  const code = body[ADDRESS_LENGTH];
  if (code === undefined) return { from: ROOT_ADDRESS, body, ...malformed('bodyTooShort', body.length) };
  const from = body.readUInt16BE(0);
  const opcode = findOpcode(from, code, tables.opcodes);
  if (!opcode && isComplaint(body)) return { from, body, ...readText(body), complaintAbout: from };
  if (from !== ROOT_ADDRESS && !isUnicast(from)) return { from, body, ...malformed('notUnicast', 0) };
  if (opcode) return { from, body, ...decodePayload(from, opcode, body, tables.dataTypes) };
  if (isFirmwareText(from, body)) return { from, body, ...readText(body) };
  return { from, body, kind: 'unknown', code };
}

function readText(body: Buffer): FirmwareText {
  return { kind: 'text', text: textOf(body, ADDRESS_LENGTH) };
}

/** True for the root's two addresses: 0000, and 0001 in the mesh. */
export function isRootAddress(address: number): boolean {
  return address === ROOT_ADDRESS || address === ROOT_MESH_ADDRESS;
}

/** 0001 is both the root and a node of the mesh: opcodes of nodes take precedence. */
function findOpcode(from: number, code: number, opcodes: Opcodes): MessageOpcode | undefined {
  const asNode = from === ROOT_ADDRESS ? undefined : opcodes.findMessage(code, 'node');
  return asNode ?? (isRootAddress(from) ? opcodes.findMessage(code, 'root') : undefined);
}

function decodePayload(
  from: number,
  opcode: MessageOpcode,
  body: Buffer,
  dataTypes: DataTypes,
): MessageContent {
  const payload = body.subarray(payloadStart(opcode));
  switch (opcode.payload) {
    case 'netInfo':
      return decodeNetInfo(opcode, payload);
    case 'pathInfo':
      return decodePathInfo(opcode, payload);
    case 'nodeInfo':
      return decodeNodeInfo(from, opcode, payload);
    case 'rootReset':
      return { kind: 'rootReset', opcode, text: textOf(body, HEADER_LENGTH) };
    case 'data':
      return decodeData(opcode, payload, dataTypes);
    case 'value':
      return decodeWholeValue(opcode, payload, dataTypes);
    case 'opaque':
      return { kind: 'opaque', opcode, payload };
  }
}

function payloadStart({ opcodeIsPayload }: MessageOpcode): number {
  return opcodeIsPayload ? ADDRESS_LENGTH : HEADER_LENGTH;
}

function decodeNetInfo(opcode: MessageOpcode, payload: Buffer): MessageContent {
  const entries = splitList(payload, LISTED_NODE_LENGTH);
  if (!entries) return malformed('listLength', HEADER_LENGTH);
  const nodes = entries.map(readListedNode);
  const wrong = nodes.findIndex(({ address }) => !isUnicast(address));
  if (wrong !== -1) return malformed('notUnicast', HEADER_LENGTH + 1 + wrong * LISTED_NODE_LENGTH);
  return { kind: 'netInfo', opcode, nodes };
}

function decodePathInfo(opcode: MessageOpcode, payload: Buffer): MessageContent {
  const entries = splitList(payload, PATH_LENGTH);
  if (!entries) return malformed('listLength', HEADER_LENGTH);
  const paths = entries.map((entry) => ({
    origin: entry.readUInt16BE(0),
    target: entry.readUInt16BE(ADDRESS_LENGTH),
  }));
  return { kind: 'pathInfo', opcode, paths };
}

/** From a node: its own uuid. From the root: address and uuid of any node. */
function decodeNodeInfo(from: number, opcode: MessageOpcode, payload: Buffer): MessageContent {
  if (isRootAddress(from) && payload.length === LISTED_NODE_LENGTH) {
    const node = readListedNode(payload);
    if (!isUnicast(node.address)) return malformed('notUnicast', HEADER_LENGTH);
    return { kind: 'nodeInfo', opcode, node };
  }
  if (from === ROOT_ADDRESS || payload.length !== UUID_LENGTH) return malformed('uuidLength', HEADER_LENGTH);
  return { kind: 'nodeInfo', opcode, node: { address: from, uuid: Buffer.from(payload) } };
}

/** All or nothing: `amount (1)`, then that many of `data id (1) | value`, and no bytes after them. */
function decodeData(opcode: MessageOpcode, payload: Buffer, dataTypes: DataTypes): MessageContent {
  const amount = payload[0];
  if (amount === undefined) return malformed('dataTooShort', HEADER_LENGTH);
  const values: ReportedValue[] = [];
  let offset = 1;
  for (let read = 0; read < amount; read++) {
    const id = payload[offset];
    if (id === undefined) return malformed('dataTooShort', HEADER_LENGTH + offset);
    const type = dataTypes.findById(id);
    if (!type || type.varying) return malformed('dataUndefinedType', HEADER_LENGTH + offset);
    const end = offset + 1 + type.length;
    if (end > payload.length) return malformed('dataTooShort', HEADER_LENGTH + offset);
    values.push(readValue(type, payload.subarray(offset + 1, end)));
    offset = end;
  }
  if (offset < payload.length) return malformed('dataLeftOver', HEADER_LENGTH + offset);
  return { kind: 'values', opcode, values };
}

function decodeWholeValue(opcode: MessageOpcode, payload: Buffer, dataTypes: DataTypes): MessageContent {
  const type = opcode.storeAs === undefined ? undefined : dataTypes.findByName(opcode.storeAs);
  if (!type) return { kind: 'opaque', opcode, payload };
  const fits = type.varying ? payload.length <= type.length : payload.length === type.length;
  if (!fits) return malformed('valueLength', payloadStart(opcode));
  if (type.json && !readJsonObject(payload)) return malformed('valueNotJson', payloadStart(opcode));
  return { kind: 'values', opcode, values: [readValue(type, payload)] };
}

function readValue(type: DataType, bytes: Buffer): ReportedValue {
  const deviceTime = deviceTimeOf(type, bytes);
  return deviceTime === undefined ? { type, bytes } : { type, bytes, deviceTime };
}

/** The entries of `count (1) | count × entry`; undefined if the length does not match the count exactly. */
function splitList(payload: Buffer, entryLength: number): Buffer[] | undefined {
  const count = payload[0];
  if (count === undefined || payload.length !== 1 + count * entryLength) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const start = 1 + index * entryLength;
    return payload.subarray(start, start + entryLength);
  });
}

function readListedNode(entry: Buffer): ListedNode {
  return { address: entry.readUInt16BE(0), uuid: Buffer.from(entry.subarray(ADDRESS_LENGTH)) };
}

function malformed(reason: MalformedReason, offset: number): Malformed {
  return { kind: 'malformed', reason, offset };
}

/**
 * From the root any printable body is text. From a node it must end with a line feed: a printable byte alone is more
 * likely an opcode that is missing from opcodes.json.
 */
function isFirmwareText(from: number, body: Buffer): boolean {
  const text = body.subarray(ADDRESS_LENGTH);
  if (!text.every(isTextByte)) return false;
  return isRootAddress(from) || text[text.length - 1] === LINE_FEED;
}

/**
 * The root could not forward a message. The body has the address of the message's recipient, which need not exist; only
 * the words show that it comes from the root.
 */
const COMPLAINT = /^(Node not exists in network|Failed to send to Node)[\r\n]*$/;
const MAX_COMPLAINT_LENGTH = 64;

function isComplaint(body: Buffer): boolean {
  return body.length <= MAX_COMPLAINT_LENGTH && COMPLAINT.test(body.toString('latin1', ADDRESS_LENGTH));
}

const LINE_FEED = 0x0a;
const TEXT_CONTROLS: ReadonlySet<number> = new Set([0x09, LINE_FEED, 0x0d, 0x1b]);

/** Printable ASCII, tab, line ends, and the escape of ANSI colours. */
function isTextByte(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || TEXT_CONTROLS.has(byte);
}

function textOf(body: Buffer, start: number): string {
  return body.toString('utf8', start);
}

/** A body as sent by a root; the counterpart of `decodeMessage`, for virtual roots and tests. */
export function encodeMessage(from: number, opcode: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([addressBytes(from), Buffer.of(opcode), payload]);
}

/** Firmware text as a body. */
export function encodeText(from: number, text: string): Buffer {
  return Buffer.concat([addressBytes(from), Buffer.from(text, 'latin1')]);
}

/** The payload of one Net Info batch: at most `BATCH_SIZE` nodes. */
export function encodeNetInfo(nodes: readonly ListedNode[]): Buffer {
  const entries = nodes.map(({ address, uuid }) => Buffer.concat([addressBytes(address), uuid]));
  return Buffer.concat([Buffer.of(nodes.length), ...entries]);
}

/** The payload of one Path Info batch: at most `BATCH_SIZE` paths. */
export function encodePathInfo(paths: readonly Path[]): Buffer {
  const entries = paths.map(({ origin, target }) =>
    Buffer.concat([addressBytes(origin), addressBytes(target)]),
  );
  return Buffer.concat([Buffer.of(paths.length), ...entries]);
}

/** The payload of a Data message. */
export function encodeData(values: readonly { readonly type: DataType; readonly bytes: Buffer }[]): Buffer {
  const entries = values.map(({ type, bytes }) => Buffer.concat([Buffer.of(type.id), bytes]));
  return Buffer.concat([Buffer.of(values.length), ...entries]);
}

/** `0x0005 Data`: a message's sender and kind, for logs. */
export function describeMessage(message: Message): string {
  return `${formatAddress(message.from)} ${messageName(message)}`;
}

/** The opcode's name; `Text`, `Unknown 0x99` or `Malformed` if there is none. */
export function messageName(message: Message): string {
  switch (message.kind) {
    case 'text':
      return 'Text';
    case 'unknown':
      return `Unknown 0x${message.code.toString(16).toUpperCase().padStart(2, '0')}`;
    case 'malformed':
      return 'Malformed';
    default:
      return message.opcode.name;
  }
}
