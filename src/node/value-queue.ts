/** One value of a node, as it came. */
export interface TimedValue {
  /** ms since the epoch, host clock: what counts. */
  readonly receivedAt: number;
  /** ms since the epoch, the device's own clock; only where the value carries one. */
  readonly deviceTime?: number;
  readonly bytes: Buffer;
}

const TIME_LENGTH = 8;
const LENGTH_LENGTH = 2;
/** Slots that a queue begins with, unless fewer are all that it may have. */
const FIRST_SLOTS = 16;

/** Rings are cut from pieces of this many bytes: a small piece of memory for each would cost more than what lies in it. */
const PIECE_LENGTH = 65_536;
let piece: Buffer = Buffer.alloc(0);
let pieceUsed = 0;

function cut(length: number): { readonly memory: Buffer; readonly start: number } {
  if (length > PIECE_LENGTH / 4) return { memory: Buffer.allocUnsafeSlow(length), start: 0 };
  if (pieceUsed + length > piece.length) {
    piece = Buffer.allocUnsafeSlow(PIECE_LENGTH);
    pieceUsed = 0;
  }
  const start = pieceUsed;
  pieceUsed += length;
  return { memory: piece, start };
}

/**
 * The last values of one data type, oldest first. They lie in one ring of slots: as objects they would take some 300
 * bytes each, and a large mesh has millions of them.
 *
 *     received at (f64) | device time (f64, NaN = none; only where any value has one) | length (u16) | bytes
 */
export class ValueQueue {
  readonly #limit: number;
  #memory: Buffer = piece;
  #start = 0;
  #capacity = 0;
  #slotLength = 0;
  #hasDeviceTimes = false;
  #oldest = 0;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get latest(): TimedValue | undefined {
    return this.#count === 0 ? undefined : this.#read(this.#count - 1);
  }

  /** The bytes are copied. */
  push(value: TimedValue): void {
    if (!this.#fits(value)) this.#layOut(value);
    if (this.#count === this.#limit) this.#oldest = (this.#oldest + 1) % this.#capacity;
    else this.#count++;
    this.#write(this.#count - 1, value);
  }

  /** A copy, oldest first. */
  all(): TimedValue[] {
    return Array.from({ length: this.#count }, (_, index) => this.#read(index));
  }

  get #headLength(): number {
    return (this.#hasDeviceTimes ? 2 : 1) * TIME_LENGTH + LENGTH_LENGTH;
  }

  #fits({ deviceTime, bytes }: TimedValue): boolean {
    const hasRoom = this.#count < this.#capacity || this.#count === this.#limit;
    const hasTimes = deviceTime === undefined || this.#hasDeviceTimes;
    return hasRoom && hasTimes && this.#headLength + bytes.length <= this.#slotLength;
  }

  /** Makes slots in which this value has room too. */
  #layOut({ deviceTime, bytes }: TimedValue): void {
    const held = this.all();
    this.#hasDeviceTimes ||= deviceTime !== undefined;
    const longest = Math.max(bytes.length, ...held.map((value) => value.bytes.length));
    this.#slotLength = this.#headLength + longest;
    this.#capacity = Math.min(this.#limit, Math.max(FIRST_SLOTS, 2 * held.length));
    const { memory, start } = cut(this.#capacity * this.#slotLength);
    this.#memory = memory;
    this.#start = start;
    this.#oldest = 0;
    held.forEach((value, index) => {
      this.#write(index, value);
    });
  }

  /** Where a value lies; 0 is the oldest. */
  #startOf(index: number): number {
    return this.#start + ((this.#oldest + index) % this.#capacity) * this.#slotLength;
  }

  #write(index: number, { receivedAt, deviceTime, bytes }: TimedValue): void {
    let at = this.#memory.writeDoubleLE(receivedAt, this.#startOf(index));
    if (this.#hasDeviceTimes) at = this.#memory.writeDoubleLE(deviceTime ?? Number.NaN, at);
    at = this.#memory.writeUInt16LE(bytes.length, at);
    bytes.copy(this.#memory, at);
  }

  #read(index: number): TimedValue {
    const start = this.#startOf(index);
    const at = start + this.#headLength;
    const receivedAt = this.#memory.readDoubleLE(start);
    const length = this.#memory.readUInt16LE(at - LENGTH_LENGTH);
    const bytes = Buffer.from(this.#memory.subarray(at, at + length));
    if (!this.#hasDeviceTimes) return { receivedAt, bytes };
    const deviceTime = this.#memory.readDoubleLE(start + TIME_LENGTH);
    return Number.isNaN(deviceTime) ? { receivedAt, bytes } : { receivedAt, deviceTime, bytes };
  }
}
