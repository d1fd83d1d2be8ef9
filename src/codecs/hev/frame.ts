/**
 * Frames on the serial line between a ventilator's data server and its microcontroller.
 *
 *     7E | address | ctrl0 | ctrl1 | info, 0–121 bytes | FCS low | FCS high | 7E
 *
 * Between the flags, 7E and 7D become 7D and the byte XOR 20. FCS: CRC-16/X-25 over address … info.
 */

const FLAG = 0x7e;
const ESCAPE = 0x7d;
const ESCAPE_BIT = 0x20;

/** Sequence numbers are 0–127. */
export const SEQUENCE_NUMBERS = 128;
export const MAX_INFO_LENGTH = 121;
/** Address, ctrl0, ctrl1 and FCS. */
const OVERHEAD = 5;
/** The check of a frame together with its own FCS. */
const GOOD_FCS = 0x0f47;

/** Which queue a frame belongs to; alarms are sent first, then commands, then data. */
export const ADDRESSES = { alarm: 0xc0, command: 0x80, data: 0x40 } as const;
export type AddressClass = keyof typeof ADDRESSES;
/** The "set" flag of an address. It has no meaning. */
const SET_FLAG = 0x20;

const ACK = 0x01;
const NACK = 0x05;

/** `number`: N(S) of information, N(R) of an acknowledgement, 0–127. */
export type HevFrame =
  | {
      readonly kind: 'information';
      readonly address: AddressClass;
      readonly number: number;
      readonly info: Buffer;
    }
  | { readonly kind: 'ack' | 'nack'; readonly address: AddressClass; readonly number: number };

export const HEV_DROP_REASONS = {
  tooShort: 'shorter than any frame',
  tooLong: 'longer than a frame may be',
  badCheck: 'wrong checksum',
  badControl: 'unknown address or control field',
} as const;

export type HevDropReason = keyof typeof HEV_DROP_REASONS;

export interface HevFrameHandlers {
  /** The handler may keep `info`. */
  onFrame(frame: HevFrame): void;
  /** Bytes between two flags, or before the first one, that are not a frame. */
  onDrop(reason: HevDropReason): void;
}

/** For each byte: the remainder of CRC-16 with the reflected polynomial 8408. */
const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  return crc;
});

/** CRC-16/X-25: `"123456789"` gives 906E. */
export function frameCheck(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return crc ^ 0xffff;
}

/** A frame on the wire, with its flags. Throws a `RangeError` if the info is too long or the number is not valid. */
export function encodeHevFrame(frame: HevFrame): Buffer {
  const info = frame.kind === 'information' ? frame.info : Buffer.alloc(0);
  if (info.length > MAX_INFO_LENGTH) throw new RangeError(`${info.length} bytes do not fit a frame`);
  if (!Number.isInteger(frame.number) || frame.number < 0 || frame.number >= SEQUENCE_NUMBERS)
    throw new RangeError(`${frame.number} is not a sequence number`);
  const content = Buffer.concat([Buffer.from([ADDRESSES[frame.address], ...controlOf(frame)]), info]);
  const check = frameCheck(content);
  return Buffer.from([FLAG, ...stuffed([...content, check & 0xff, check >>> 8]), FLAG]);
}

function controlOf({ kind, number }: HevFrame): [number, number] {
  if (kind === 'information') return [0, number * 2];
  return [number * 2, kind === 'ack' ? ACK : NACK];
}

function stuffed(bytes: readonly number[]): number[] {
  return bytes.flatMap((byte) => (byte === FLAG || byte === ESCAPE ? [ESCAPE, byte ^ ESCAPE_BIT] : [byte]));
}

/**
 * Reads frames from a line in any chunks. Each flag ends what came before it and starts what follows, so a shared flag
 * and noise in front of a frame cost nothing. Holds 126 bytes at most.
 */
export class HevFrameDecoder {
  readonly #handlers: HevFrameHandlers;
  readonly #held = Buffer.alloc(MAX_INFO_LENGTH + OVERHEAD);
  #length = 0;
  #isEscaped = false;
  #isTooLong = false;

  constructor(handlers: HevFrameHandlers) {
    this.#handlers = handlers;
  }

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === FLAG) this.#end();
      else if (byte === ESCAPE) this.#isEscaped = true;
      else this.#add(this.#isEscaped ? byte ^ ESCAPE_BIT : byte);
    }
  }

  /** Forgets what has come since the last flag: the line was lost, or is silent. */
  abandon(): void {
    this.#length = 0;
    this.#isEscaped = false;
    this.#isTooLong = false;
  }

  #add(byte: number): void {
    this.#isEscaped = false;
    if (this.#length === this.#held.length) this.#isTooLong = true;
    else this.#held[this.#length++] = byte;
  }

  #end(): void {
    const isEmpty = this.#length === 0;
    const content = Buffer.from(this.#held.subarray(0, this.#length));
    const isTooLong = this.#isTooLong;
    this.abandon();
    if (isEmpty) return;
    const decoded = isTooLong ? 'tooLong' : decodeContent(content);
    if (typeof decoded === 'string') this.#handlers.onDrop(decoded);
    else this.#handlers.onFrame(decoded);
  }
}

function decodeContent(content: Buffer): HevFrame | HevDropReason {
  if (content.length < OVERHEAD) return 'tooShort';
  if (frameCheck(content) !== GOOD_FCS) return 'badCheck';
  const address = addressOf(content.readUInt8(0));
  const [ctrl0, ctrl1] = [content.readUInt8(1), content.readUInt8(2)];
  const info = content.subarray(3, -2);
  if (!address) return 'badControl';
  if ((ctrl1 & 1) === 0) return { kind: 'information', address, number: ctrl1 >>> 1, info };
  const low = ctrl1 & 0x0f;
  if (low !== ACK && low !== NACK) return 'badControl';
  return { kind: low === ACK ? 'ack' : 'nack', address, number: ctrl0 >>> 1 };
}

function addressOf(byte: number): AddressClass | undefined {
  const plain = byte & ~SET_FLAG;
  for (const name of ['alarm', 'command', 'data'] as const) if (ADDRESSES[name] === plain) return name;
  return undefined;
}
