/**
 * The receive path: @serialport/parser-delimiter joins what the port delivers in pieces and cuts it behind each FE,
 * so that the decoder mostly sees whole frames.
 *
 * On its own it would keep everything that has no FE, and join it anew with each piece. The fence hands on to the
 * decoder, which is right for any split, what need not wait for an end: bytes that belong to no frame, and frames
 * that have grown to the limit.
 */
import type { TransformCallback } from 'node:stream';
import { DelimiterParser } from '@serialport/parser-delimiter';
import {
  DEFAULT_MAX_BODY_LENGTH,
  FRAME_END,
  FRAME_START,
  FrameDecoder,
  type FrameHandlers,
} from './frame.js';

const NOTHING = Buffer.alloc(0);

/** Written to by the link; what it finds goes to the handlers, in the order of the line, before `write` returns. */
export class FrameParser extends DelimiterParser {
  readonly #decoder: FrameDecoder;
  readonly #maxHeld: number;

  constructor(handlers: FrameHandlers, maxBodyLength = DEFAULT_MAX_BODY_LENGTH) {
    super({ delimiter: [FRAME_END], includeDelimiter: true });
    this.#decoder = new FrameDecoder(handlers, maxBodyLength);
    this.#maxHeld = maxBodyLength;
  }

  /** True while the end of a frame is awaited. */
  get inFrame(): boolean {
    return this.#decoder.inFrame || this.buffer.length > 0;
  }

  /** Bytes that are kept until more come; never more than the limit of a body. */
  get heldBytes(): number {
    return this.buffer.length;
  }

  /** Drops the frame that is open, if any: its end did not come in time. */
  abandon(): void {
    this.#release();
    this.#decoder.abandon();
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    super._transform(chunk, encoding, () => this.#fence());
    done();
  }

  override _flush(done: TransformCallback): void {
    this.abandon();
    done();
  }

  /** The delimiter parser's way out: each piece that it has cut. */
  override push(piece: Buffer | null): boolean {
    if (piece === null) return super.push(null);
    this.#decoder.push(piece);
    return true;
  }

  #fence(): void {
    const mayBeFrame = this.#decoder.inFrame || this.buffer.includes(FRAME_START);
    if (!mayBeFrame || this.buffer.length > this.#maxHeld) this.#release();
  }

  #release(): void {
    const held = this.buffer;
    this.buffer = NOTHING;
    this.#decoder.push(held);
  }
}
