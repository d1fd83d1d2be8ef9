/**
 * Blocks of a recording; each can be read without the others.
 *
 *     "MGBK" | length (4) | CRC-32 (4) | host ms (8) | monotonic µs (8) | number (4) | records
 *     record: kind (1) | µs since the previous record (v) | channel (v) | length (v) | [original length (v)] | payload
 *
 * `length` is that of the records; the CRC covers everything after it. Numbers are big-endian, both times f64.
 * (v): seven bits per byte, lowest first, bit 7 set if more follow. Bit 7 of `kind`: the payload was cut, and its
 * original length follows.
 */
import { crc32 } from 'node:zlib';

/**
 * Kinds of records. `link` is the first in every block; `client` and `device` come before the first record of their
 * channel. The link of a device has kinds of its own, so that version 0.1.0, which skips unknown kinds, reads the root's.
 */
export const RECORD_KINDS = {
  link: { code: 1, text: 'the link at the start of the block: same as `opened`; empty if there is none' },
  opened: {
    code: 2,
    text: 'the link was opened: name, 00, identity of the board, 00, `lines` if it has DTR and RTS',
  },
  notOpened: { code: 3, text: 'opening the link failed: reason, 00, detail' },
  closed: { code: 4, text: 'the link ended: reason, 00, detail; `stopped`: closed by the gateway' },
  fromRoot: { code: 5, text: 'bytes from the UART, as read from the port' },
  toRoot: { code: 6, text: 'bytes to the UART, as written to the port' },
  clock: { code: 7, text: 'the host clock was set: ms since the epoch from here on, f64' },
  client: { code: 8, text: 'the name of this channel’s client' },
  request: { code: 9, text: 'bytes from a client of the classic dialect' },
  reply: { code: 10, text: 'bytes sent to it' },
  call: { code: 11, text: 'a JSON text from a client of a session' },
  result: { code: 12, text: 'a JSON text sent to it' },
  ended: { code: 13, text: 'the client’s connection ended: the reason' },
  lines: { code: 14, text: 'the modem lines were set: DTR, RTS; 01 is asserted' },
  device: {
    code: 15,
    text: 'the device of this channel: its name, 00, its link as in `deviceOpened`; empty if there is none',
  },
  deviceOpened: { code: 16, text: 'the device’s link was opened: as `opened`' },
  deviceNotOpened: { code: 17, text: 'opening the device’s link failed: as `notOpened`' },
  deviceClosed: { code: 18, text: 'the device’s link ended: as `closed`' },
  fromDevice: { code: 19, text: 'bytes from the device; if truncated to nothing, bytes that were left out' },
  toDevice: { code: 20, text: 'bytes to the device, likewise' },
  deviceLines: { code: 21, text: 'the modem lines of the device’s port were set: as `lines`' },
} as const;

export type RecordKind = keyof typeof RECORD_KINDS;

const KINDS_BY_CODE: ReadonlyMap<number, RecordKind> = new Map(
  Object.entries(RECORD_KINDS).map(([kind, { code }]) => [code, kind as RecordKind]),
);

export interface BlockHead {
  /** ms since the epoch, host clock, when the block began. */
  readonly host: number;
  /** The same moment on the monotonic clock, integer µs. */
  readonly us: number;
  /** Increases by one within a run of the gateway. */
  readonly number: number;
}

export interface BlockRecord {
  /** `undefined`: a kind of a later version. */
  readonly kind: RecordKind | undefined;
  /** Monotonic clock, integer µs. */
  readonly us: number;
  /** Which client or device; 0 = the root. */
  readonly channel: number;
  readonly payload: Buffer;
  /** Length of the payload before it was cut. */
  readonly wholeLength: number;
}

export interface Block extends BlockHead {
  readonly records: readonly BlockRecord[];
  /** Bytes at its end that are not valid records. */
  readonly unread: number;
}

export const BLOCK_MAGIC = Buffer.from('MGBK', 'latin1');
export const BLOCK_HEAD_LENGTH = 32;
/** The longest block, head included. Bounds what a damaged length or block costs a reader. */
export const MAX_BLOCK_LENGTH = 65_536;

const LENGTH_AT = 4;
const CRC_AT = 8;
const HOST_AT = 12;
const US_AT = 20;
const NUMBER_AT = 28;

const IS_CUT = 0x80;
/** Kind, time, channel and two lengths at their maximum. */
const MAX_RECORD_HEAD = 1 + 8 + 5 + 5 + 5;
/** The longest payload of one record. */
export const MAX_PAYLOAD_LENGTH = 32_768;
/** The latest time that a `Date` can represent. */
const LAST_DATE_MS = 8.64e15;

/** Writes records into one block; its memory is allocated once. */
export class BlockWriter {
  readonly #buffer = Buffer.allocUnsafeSlow(MAX_BLOCK_LENGTH);
  #length = 0;
  #head: BlockHead = { host: 0, us: 0, number: 0 };
  #lastUs = 0;

  /** No block has been begun. */
  get isIdle(): boolean {
    return this.#length === 0;
  }

  get head(): BlockHead {
    return this.#head;
  }

  begin(head: BlockHead): void {
    this.#head = head;
    this.#lastUs = head.us;
    this.#length = BLOCK_HEAD_LENGTH;
  }

  /** Payload bytes that still fit into one more record. */
  get room(): number {
    return this.#buffer.length - this.#length - MAX_RECORD_HEAD;
  }

  /** Appends a record, which must fit. `us`: not before the previous record. */
  append(
    kind: RecordKind,
    us: number,
    channel: number,
    payload: Uint8Array,
    wholeLength = payload.length,
  ): void {
    const isCut = wholeLength > payload.length;
    const { code } = RECORD_KINDS[kind];
    this.#buffer[this.#length++] = isCut ? code | IS_CUT : code;
    this.#putNumber(Math.max(0, us - this.#lastUs));
    this.#putNumber(channel);
    this.#putNumber(payload.length);
    if (isCut) this.#putNumber(wholeLength);
    this.#buffer.set(payload, this.#length);
    this.#length += payload.length;
    this.#lastUs = Math.max(us, this.#lastUs);
  }

  /** Returns a copy of the block; the writer is idle again. */
  finish(): Buffer {
    const block = Buffer.allocUnsafeSlow(this.#length);
    this.#buffer.copy(block, 0, 0, this.#length);
    this.#length = 0;
    BLOCK_MAGIC.copy(block);
    block.writeUInt32BE(block.length - BLOCK_HEAD_LENGTH, LENGTH_AT);
    block.writeDoubleBE(this.#head.host, HOST_AT);
    block.writeDoubleBE(this.#head.us, US_AT);
    block.writeUInt32BE(this.#head.number, NUMBER_AT);
    block.writeUInt32BE(crc32(block.subarray(HOST_AT)), CRC_AT);
    return block;
  }

  #putNumber(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }
}

/** The length of the block at this offset according to its head, head included; undefined if no block starts here. */
export function blockLengthAt(bytes: Buffer, at: number): number | undefined {
  if (at + BLOCK_HEAD_LENGTH > bytes.length) return undefined;
  if (bytes.compare(BLOCK_MAGIC, 0, BLOCK_MAGIC.length, at, at + BLOCK_MAGIC.length) !== 0) return undefined;
  const length = BLOCK_HEAD_LENGTH + bytes.readUInt32BE(at + LENGTH_AT);
  return length <= MAX_BLOCK_LENGTH ? length : undefined;
}

/** Reads one block, its head included; undefined if it is damaged. */
export function readBlock(bytes: Buffer): Block | undefined {
  if (blockLengthAt(bytes, 0) !== bytes.length) return undefined;
  if (bytes.readUInt32BE(CRC_AT) !== crc32(bytes.subarray(HOST_AT))) return undefined;
  const host = bytes.readDoubleBE(HOST_AT);
  const us = bytes.readDoubleBE(US_AT);
  if (!isHostTime(host) || !Number.isSafeInteger(us) || us < 0) return undefined;
  return { host, us, number: bytes.readUInt32BE(NUMBER_AT), ...readRecords(bytes, us) };
}

/** Whether a `Date` can represent this time, ms since the epoch. */
export function isHostTime(ms: number): boolean {
  return Math.abs(ms) <= LAST_DATE_MS;
}

function readRecords(bytes: Buffer, startUs: number): Pick<Block, 'records' | 'unread'> {
  const records: BlockRecord[] = [];
  const reader = new RecordReader(bytes);
  let us = startUs;
  for (let record = reader.next(us); record; record = reader.next(us)) {
    records.push(record);
    us = record.us;
  }
  return { records, unread: reader.unread };
}

class RecordReader {
  readonly #bytes: Buffer;
  #at = BLOCK_HEAD_LENGTH;
  /** End of the last complete record. */
  #end = BLOCK_HEAD_LENGTH;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get unread(): number {
    return this.#bytes.length - this.#end;
  }

  /** The next record; undefined at the end or if it is damaged. */
  next(lastUs: number): BlockRecord | undefined {
    const code = this.#bytes[this.#at++];
    const elapsed = this.#number();
    const channel = this.#number();
    const length = this.#number();
    if (code === undefined || elapsed === undefined || channel === undefined || length === undefined)
      return undefined;
    const wholeLength = code & IS_CUT ? this.#number() : length;
    const end = this.#at + length;
    const us = lastUs + elapsed;
    if (wholeLength === undefined || end > this.#bytes.length || !Number.isSafeInteger(us)) return undefined;
    const payload = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    this.#end = end;
    return { kind: KINDS_BY_CODE.get(code & ~IS_CUT), us, channel, payload, wholeLength };
  }

  #number(): number | undefined {
    let value = 0;
    for (let scale = 1; scale <= Number.MAX_SAFE_INTEGER; scale *= 0x80) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return undefined;
  }
}
