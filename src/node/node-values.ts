import { type MemoryBlock, type MemoryPool, NO_MEMORY } from './memory-pool.js';

/** One value of a node, as received. */
export interface TimedValue {
  /** ms since the epoch, host clock: the authoritative time. */
  readonly receivedAt: number;
  /** ms since the epoch, the device's own clock; only where the value carries one. */
  readonly deviceTime?: number;
  readonly bytes: Buffer;
}

/** Layout of the slots of a ring. */
interface RingShape {
  readonly typeId: number;
  readonly hasDeviceTimes: boolean;
  /** Each value's length is stored; otherwise all are as long as the longest. */
  readonly varies: boolean;
  /** Bytes of the longest value. */
  readonly longest: number;
}

const TIME_LENGTH = 8;
const LENGTH_LENGTH = 2;
const MAX_LENGTH = 0xffff;
/** Initial number of rows of a block, unless its limit is lower. */
const FIRST_ROWS = 16;
/** Slots for values of varying length grow in steps of this many bytes, so that they rarely have to. */
const ROOM_STEP = 16;

/** Offsets of the parts of a ring's head. */
const HEAD = { typeId: 0, longest: 2, oldest: 4, count: 6, inRow: 8, flags: 12 } as const;
const HEAD_LENGTH = 14;
const HAS_DEVICE_TIMES = 1;
const VARIES = 2;

/**
 * The last values of a node: a ring for each data type, all in one block of memory. As objects they would take some 300
 * bytes each, and a large mesh has millions of them. The values of one message share a row, so that storing them touches
 * memory in one place.
 *
 *     block:  head of each ring, by rising type id | rows
 *     head:   type id (u16) | longest (u16) | oldest (u16) | count (u16) | offset in the row (u32) | flags (u16)
 *     row:    a slot of each ring
 *     slot:   received at (f64) | device time (f64, NaN = none)? | length (u16)? | bytes
 */
export class NodeValues {
  readonly #limit: number;
  readonly #pool: MemoryPool;
  #block: MemoryBlock = NO_MEMORY;
  #rings = 0;
  #rows = 0;
  #rowLength = 0;

  /** `limit`: values kept of each data type, 1–65,535. */
  constructor(limit: number, pool: MemoryPool) {
    this.#limit = limit;
    this.#pool = pool;
  }

  /** The bytes are copied, 65,535 at most. `typeId`: 0x0000–0xFFFF. */
  store(typeId: number, value: TimedValue): void {
    let head = this.#find(typeId);
    if (head === undefined || !this.#fits(head, value)) {
      this.#makeRoom(typeId, value);
      head = this.#find(typeId) as number;
    }
    this.#push(head, value);
  }

  /** The newest value of a data type; a copy. */
  latest(typeId: number): TimedValue | undefined {
    const head = this.#find(typeId);
    return head === undefined ? undefined : this.#read(head, this.#get(head, HEAD.count) - 1);
  }

  /** The values of a data type, oldest first; a copy. */
  all(typeId: number): TimedValue[] {
    const head = this.#find(typeId);
    if (head === undefined) return [];
    return Array.from({ length: this.#get(head, HEAD.count) }, (_, index) => this.#read(head, index));
  }

  /** In rising order. */
  typeIds(): number[] {
    const { memory } = this.#block;
    return Array.from({ length: this.#rings }, (_, ring) => memory.readUInt16LE(this.#headAt(ring)));
  }

  /** Offset of the head of a type's ring. */
  #find(typeId: number): number | undefined {
    const { memory } = this.#block;
    for (let ring = 0; ring < this.#rings; ring++) {
      const head = this.#headAt(ring);
      if (memory.readUInt16LE(head) === typeId) return head;
    }
    return undefined;
  }

  #headAt(ring: number): number {
    return this.#block.start + ring * HEAD_LENGTH;
  }

  #get(head: number, part: number): number {
    return this.#block.memory.readUInt16LE(head + part);
  }

  #fits(head: number, { deviceTime, bytes }: TimedValue): boolean {
    const { hasDeviceTimes, varies, longest } = this.#shapeOf(head);
    const count = this.#get(head, HEAD.count);
    const hasRoom = count < this.#rows || count === this.#limit;
    const hasTimes = deviceTime === undefined || hasDeviceTimes;
    return hasRoom && hasTimes && (varies ? bytes.length <= longest : bytes.length === longest);
  }

  #shapeOf(head: number): RingShape {
    const { memory } = this.#block;
    const flags = memory[head + HEAD.flags] as number;
    return {
      typeId: memory.readUInt16LE(head),
      hasDeviceTimes: (flags & HAS_DEVICE_TIMES) !== 0,
      varies: (flags & VARIES) !== 0,
      longest: this.#get(head, HEAD.longest),
    };
  }

  /** Lays the block out again, with room for this value. */
  #makeRoom(typeId: number, value: TimedValue): void {
    const before = Array.from({ length: this.#rings }, (_, ring) => this.#shapeOf(this.#headAt(ring)));
    const own = before.find((shape) => shape.typeId === typeId);
    const others = before.filter((shape) => shape !== own);
    const head = own && this.#find(typeId);
    const isFull = head !== undefined && this.#get(head, HEAD.count) === this.#rows;
    const rows = Math.min(this.#limit, Math.max(FIRST_ROWS, isFull ? 2 * this.#rows : this.#rows));
    const shape = own ? widen(own, value) : newShape(typeId, value);
    this.#layOut(
      [...others, shape].sort((a, b) => a.typeId - b.typeId),
      rows,
    );
  }

  #layOut(shapes: readonly RingShape[], rows: number): void {
    const held = shapes.map(({ typeId }) => this.all(typeId));
    const old = this.#block;
    this.#rings = shapes.length;
    this.#rows = rows;
    this.#rowLength = shapes.reduce((sum, shape) => sum + slotLength(shape), 0);
    this.#block = this.#pool.take(shapes.length * HEAD_LENGTH + rows * this.#rowLength);
    let inRow = 0;
    shapes.forEach((shape, ring) => {
      const head = this.#headAt(ring);
      this.#writeHead(head, shape, inRow);
      for (const value of held[ring] ?? []) this.#push(head, value);
      inRow += slotLength(shape);
    });
    this.#pool.giveBack(old);
  }

  #writeHead(head: number, shape: RingShape, inRow: number): void {
    const { memory } = this.#block;
    memory.writeUInt16LE(shape.typeId, head);
    memory[head + HEAD.flags] = (shape.hasDeviceTimes ? HAS_DEVICE_TIMES : 0) | (shape.varies ? VARIES : 0);
    memory.writeUInt16LE(shape.longest, head + HEAD.longest);
    memory.writeUInt16LE(0, head + HEAD.oldest);
    memory.writeUInt16LE(0, head + HEAD.count);
    memory.writeUInt32LE(inRow, head + HEAD.inRow);
  }

  /** The slot must have room. */
  #push(head: number, value: TimedValue): void {
    const { memory } = this.#block;
    const count = this.#get(head, HEAD.count);
    if (count < this.#limit) {
      memory.writeUInt16LE(count + 1, head + HEAD.count);
      this.#write(head, count, value);
    } else {
      const oldest = (this.#get(head, HEAD.oldest) + 1) % this.#rows;
      memory.writeUInt16LE(oldest, head + HEAD.oldest);
      this.#write(head, count - 1, value);
    }
  }

  /** Offset of the slot of a value; 0 is the oldest. */
  #slotAt(head: number, index: number): number {
    const row = (this.#get(head, HEAD.oldest) + index) % this.#rows;
    const inRow = this.#block.memory.readUInt32LE(head + HEAD.inRow);
    return this.#headAt(this.#rings) + row * this.#rowLength + inRow;
  }

  #write(head: number, index: number, { receivedAt, deviceTime, bytes }: TimedValue): void {
    const { memory } = this.#block;
    const shape = this.#shapeOf(head);
    let at = memory.writeDoubleLE(receivedAt, this.#slotAt(head, index));
    if (shape.hasDeviceTimes) at = memory.writeDoubleLE(deviceTime ?? Number.NaN, at);
    if (shape.varies) at = memory.writeUInt16LE(bytes.length, at);
    bytes.copy(memory, at);
  }

  #read(head: number, index: number): TimedValue {
    const { memory } = this.#block;
    const shape = this.#shapeOf(head);
    let at = this.#slotAt(head, index);
    const receivedAt = memory.readDoubleLE(at);
    at += TIME_LENGTH;
    const deviceTime = shape.hasDeviceTimes ? memory.readDoubleLE(at) : Number.NaN;
    if (shape.hasDeviceTimes) at += TIME_LENGTH;
    const length = shape.varies ? memory.readUInt16LE(at) : shape.longest;
    if (shape.varies) at += LENGTH_LENGTH;
    const bytes = Buffer.from(memory.subarray(at, at + length));
    return Number.isNaN(deviceTime) ? { receivedAt, bytes } : { receivedAt, deviceTime, bytes };
  }
}

function slotLength({ hasDeviceTimes, varies, longest }: RingShape): number {
  return (hasDeviceTimes ? 2 : 1) * TIME_LENGTH + (varies ? LENGTH_LENGTH : 0) + longest;
}

function newShape(typeId: number, { deviceTime, bytes }: TimedValue): RingShape {
  return { typeId, hasDeviceTimes: deviceTime !== undefined, varies: false, longest: bytes.length };
}

/** The shape whose slots also have room for this value. */
function widen(shape: RingShape, { deviceTime, bytes }: TimedValue): RingShape {
  const varies = shape.varies || bytes.length !== shape.longest;
  const longest = Math.max(shape.longest, bytes.length);
  return {
    typeId: shape.typeId,
    hasDeviceTimes: shape.hasDeviceTimes || deviceTime !== undefined,
    varies,
    longest: varies ? Math.min(MAX_LENGTH, Math.ceil(longest / ROOM_STEP) * ROOM_STEP) : longest,
  };
}
