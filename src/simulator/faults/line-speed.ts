import { Random } from '../random.js';
import { drawFrom, type Span } from '../span.js';
import type { FaultContext } from './fault.js';

/** Start, eight data bits, stop. */
const BITS_PER_BYTE = 10;
/** The sender's buffer; what does not fit is not sent. */
const MAX_WAITING_BYTES = 16_384;

export interface LineSpeedOptions<Parcel> {
  /** Names the random stream. */
  readonly direction: string;
  readonly baud: number;
  /** How long the receiving side collects bytes before it delivers them. */
  readonly latency: Span;
  /** Gets the received bytes: part of a parcel, or several. `finished`: parcels whose last byte is among them. */
  deliver(bytes: Buffer, finished: readonly Parcel[]): void;
}

interface Sending<Parcel> {
  readonly parcel: Parcel;
  readonly bytes: Buffer;
  /** Virtual milliseconds of its first bit. */
  readonly startsAt: number;
  /** Bytes delivered so far. */
  delivered: number;
}

/** One direction of a line with a limited speed: bytes arrive one after another, and are delivered in pieces. */
export class LineSpeed<Parcel> {
  readonly #context: FaultContext;
  readonly #options: LineSpeedOptions<Parcel>;
  readonly #random: Random;
  readonly #msPerByte: number;
  #queue: Sending<Parcel>[] = [];
  #waitingBytes = 0;
  #freeAt = 0;

  constructor(context: FaultContext, options: LineSpeedOptions<Parcel>) {
    this.#context = context;
    this.#options = options;
    this.#random = Random.of(context.seed, 'faults', 'latency', options.direction);
    this.#msPerByte = (BITS_PER_BYTE * 1000) / options.baud;
  }

  /** Returns false, and sends nothing, if it does not fit into the sender's buffer. */
  send(bytes: Buffer, parcel: Parcel): boolean {
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) return false;
    const startsAt = Math.max(this.#context.timeline.now, this.#freeAt);
    this.#freeAt = startsAt + bytes.length * this.#msPerByte;
    this.#waitingBytes += bytes.length;
    if (this.#queue.push({ parcel, bytes, startsAt, delivered: 0 }) === 1) this.#deliverLater();
    return true;
  }

  /** Discards the bytes in transit. Returns the parcels that were not delivered completely. */
  flush(): Parcel[] {
    const lost = this.#queue.map(({ parcel }) => parcel);
    this.#queue = [];
    this.#waitingBytes = 0;
    return lost;
  }

  #deliverLater(): void {
    const latencyMs = drawFrom(this.#random, this.#options.latency);
    this.#context.timeline.after(Math.max(latencyMs, this.#msPerByte), () => this.#deliver());
  }

  #deliver(): void {
    const pieces: Buffer[] = [];
    const finished: Parcel[] = [];
    for (let sending = this.#queue[0]; sending; sending = this.#queue[0]) {
      pieces.push(this.#take(sending));
      if (sending.delivered < sending.bytes.length) break;
      finished.push(sending.parcel);
      this.#queue.shift();
    }
    if (this.#queue.length > 0) this.#deliverLater();
    const bytes = Buffer.concat(pieces);
    if (bytes.length > 0) this.#options.deliver(bytes, finished);
  }

  /** The bytes that have arrived since the last call; the tolerance is for rounding errors. */
  #take(sending: Sending<Parcel>): Buffer {
    const { bytes, startsAt, delivered } = sending;
    const arrived = Math.floor((this.#context.timeline.now - startsAt) / this.#msPerByte + 1e-6);
    sending.delivered = Math.min(bytes.length, Math.max(0, arrived));
    this.#waitingBytes -= sending.delivered - delivered;
    return bytes.subarray(delivered, sending.delivered);
  }
}
