/**
 * Envelopes out of a stream, in chunks of any size. What is between envelopes is skipped. A found envelope is jumped over
 * as a whole, so headers inside its data mean nothing.
 *
 * `awaitingHeader`: at most 29 bytes are held. `awaitingBody`: what has arrived of an envelope, in a buffer that grows with
 * it, so that an announced length alone costs nothing. `over`: a length was beyond its limit.
 */
import {
  decodeEnvelope,
  ENVELOPE_FAULTS,
  type Envelope,
  type EnvelopeHeader,
  findHeader,
} from './envelope.js';

/** Why the rest of a stream can't be read: nobody knows where the next envelope starts. */
const STREAM_FAULTS = {
  metaTooLong: 'the meta is too long',
  dataTooLong: 'the data is too long',
  openEnded: 'a length of FFFFFFFF (until the end) is not possible on a stream',
} as const;

export const READ_FAULTS = { ...ENVELOPE_FAULTS, ...STREAM_FAULTS } as const;

export type ReadFault = keyof typeof READ_FAULTS;

/** `size`: bytes of meta and data. */
export type Received = { readonly envelope: Envelope; readonly size: number } | { readonly fault: ReadFault };

export interface EnvelopeLimits {
  /** Bytes. */
  readonly maxMeta: number;
  readonly maxData: number;
}

const NOTHING = Buffer.alloc(0);
const FIRST_ROOM = 4096;

export class EnvelopeReader {
  readonly #limits: EnvelopeLimits;
  /** Undecided bytes that may begin a header. */
  #head: Buffer = NOTHING;
  #header: EnvelopeHeader | undefined;
  /** Bytes of meta and data together. */
  #bodyLength = 0;
  #body: Buffer = NOTHING;
  #filled = 0;
  #isOver = false;
  #skippedBytes = 0;

  constructor(limits: EnvelopeLimits) {
    this.#limits = limits;
  }

  /** A length was beyond its limit: further bytes are ignored. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes of an incomplete envelope. */
  get heldBytes(): number {
    return this.#head.length + this.#filled;
  }

  /** An envelope has begun and is not complete. */
  get isInEnvelope(): boolean {
    return this.#header !== undefined || this.#head.length > 0;
  }

  /** Bytes between envelopes. */
  get skippedBytes(): number {
    return this.#skippedBytes;
  }

  /** The chunk may be reused after the call. */
  push(chunk: Buffer): Received[] {
    const received: Received[] = [];
    let rest = chunk;
    while (rest.length > 0 && !this.#isOver) {
      rest = this.#header ? this.#fill(rest) : this.#seek(rest, received);
      if (this.#header && this.#filled === this.#bodyLength) received.push(this.#finish(this.#header));
    }
    return received;
  }

  /** Looks for a header; returns what follows it. */
  #seek(chunk: Buffer, received: Received[]): Buffer {
    const bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const { at, header } = findHeader(bytes);
    this.#skippedBytes += at;
    this.#head = header ? NOTHING : Buffer.from(bytes.subarray(at));
    if (!header) return NOTHING;
    const fault = this.#findFault(header);
    if (fault === undefined) this.#begin(header);
    else {
      this.#isOver = true;
      received.push({ fault });
    }
    return bytes.subarray(at + header.length);
  }

  #findFault({ metaLength, dataLength }: EnvelopeHeader): ReadFault | undefined {
    if (!Number.isFinite(metaLength + dataLength)) return 'openEnded';
    if (metaLength > this.#limits.maxMeta) return 'metaTooLong';
    return dataLength > this.#limits.maxData ? 'dataTooLong' : undefined;
  }

  #begin(header: EnvelopeHeader): void {
    this.#header = header;
    this.#bodyLength = header.metaLength + header.dataLength;
    this.#body = Buffer.allocUnsafeSlow(Math.min(this.#bodyLength, FIRST_ROOM));
    this.#filled = 0;
  }

  #fill(chunk: Buffer): Buffer {
    const taken = Math.min(chunk.length, this.#bodyLength - this.#filled);
    this.#makeRoom(this.#filled + taken);
    chunk.copy(this.#body, this.#filled, 0, taken);
    this.#filled += taken;
    return chunk.subarray(taken);
  }

  /** Doubling keeps the copying linear in the bytes received. */
  #makeRoom(length: number): void {
    if (length <= this.#body.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#bodyLength, Math.max(length, 2 * this.#body.length)));
    this.#body.copy(grown, 0, 0, this.#filled);
    this.#body = grown;
  }

  #finish(header: EnvelopeHeader): Received {
    const body = this.#body;
    this.#header = undefined;
    this.#body = NOTHING;
    this.#filled = 0;
    const result = decodeEnvelope(
      header,
      body.subarray(0, header.metaLength),
      body.subarray(header.metaLength),
    );
    return typeof result === 'string' ? { fault: result } : { envelope: result, size: body.length };
  }
}
