import { Random } from '../random.js';
import { drawFrom, type Span } from '../span.js';
import type { FaultContext } from './fault.js';

/** Start, eight data bits, stop. */
const BITS_PER_BYTE = 10;
/** What the sender can hold back; what comes when it is full is not sent. */
const MAX_WAITING_BYTES = 16_384;

export interface LineSpeedOptions<Parcel> {
  /** Which way it is, for the random numbers. */
  readonly way: string;
  readonly baud: number;
  /** How long the receiving side gathers bytes before it hands them on. */
  readonly latency: Span;
  /** Bytes as they come: a part of a parcel, or several. `finished`: those whose last byte is among them. */
  deliver(bytes: Buffer, finished: readonly Parcel[]): void;
}

interface Sending<Parcel> {
  readonly parcel: Parcel;
  readonly bytes: Buffer;
  /** Virtual milliseconds of its first bit. */
  readonly startsAt: number;
  /** Bytes that have been handed on. */
  handedOn: number;
}

/** One way of a line with a speed: bytes come one after another, and are handed on by the piece. */
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
    this.#random = Random.of(context.seed, 'faults', 'latency', options.way);
    this.#msPerByte = (BITS_PER_BYTE * 1000) / options.baud;
  }

  /** False when the sender has no room for it: nothing of it is sent. */
  send(bytes: Buffer, parcel: Parcel): boolean {
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) return false;
    const startsAt = Math.max(this.#context.timeline.now, this.#freeAt);
    this.#freeAt = startsAt + bytes.length * this.#msPerByte;
    this.#waitingBytes += bytes.length;
    if (this.#queue.push({ parcel, bytes, startsAt, handedOn: 0 }) === 1) this.#awaitPiece();
    return true;
  }

  /** Nobody reads any more: what is on its way is lost. Returns the parcels that had not come whole. */
  flush(): Parcel[] {
    const lost = this.#queue.map(({ parcel }) => parcel);
    this.#queue = [];
    this.#waitingBytes = 0;
    return lost;
  }

  #awaitPiece(): void {
    const latencyMs = drawFrom(this.#random, this.#options.latency);
    this.#context.timeline.after(Math.max(latencyMs, this.#msPerByte), () => this.#handOn());
  }

  #handOn(): void {
    const pieces: Buffer[] = [];
    const finished: Parcel[] = [];
    for (let sending = this.#queue[0]; sending; sending = this.#queue[0]) {
      pieces.push(this.#take(sending));
      if (sending.handedOn < sending.bytes.length) break;
      finished.push(sending.parcel);
      this.#queue.shift();
    }
    if (this.#queue.length > 0) this.#awaitPiece();
    const bytes = Buffer.concat(pieces);
    if (bytes.length > 0) this.#options.deliver(bytes, finished);
  }

  /** What has come of it since it was last looked at; the tolerance is for sums of fractions. */
  #take(sending: Sending<Parcel>): Buffer {
    const { bytes, startsAt, handedOn } = sending;
    const come = Math.floor((this.#context.timeline.now - startsAt) / this.#msPerByte + 1e-6);
    sending.handedOn = Math.min(bytes.length, Math.max(0, come));
    this.#waitingBytes -= sending.handedOn - handedOn;
    return bytes.subarray(handedOn, sending.handedOn);
  }
}
