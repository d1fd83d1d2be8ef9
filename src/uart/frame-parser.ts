/**
 * The receive path: @serialport/parser-delimiter joins the chunks from the port and splits them after each FE, so that
 * the decoder mostly sees complete frames.
 *
 * Left alone, it would buffer everything without an FE, and copy the buffer with each chunk. So after each chunk, bytes
 * outside frames and frames that have reached the limit are passed to the decoder, which accepts any split.
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

/** Calls the handlers synchronously, in the order of the bytes on the line, before `write` returns. */
export class FrameParser extends DelimiterParser {
  readonly #decoder: FrameDecoder;
  readonly #maxHeld: number;

  constructor(handlers: FrameHandlers, maxBodyLength = DEFAULT_MAX_BODY_LENGTH) {
    super({ delimiter: [FRAME_END], includeDelimiter: true });
    this.#decoder = new FrameDecoder(handlers, maxBodyLength);
    this.#maxHeld = maxBodyLength;
  }

  /** True while waiting for the end of a frame. */
  get inFrame(): boolean {
    return this.#decoder.inFrame || this.buffer.length > 0;
  }

  /** Buffered bytes; never more than the limit of a body. */
  get heldBytes(): number {
    return this.buffer.length;
  }

  /** Drops the open frame, if any: its end did not come in time. */
  abandon(): void {
    this.#release();
    this.#decoder.abandon();
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    super._transform(chunk, encoding, () => this.#passOnEarly());
    done();
  }

  override _flush(done: TransformCallback): void {
    this.abandon();
    done();
  }

  /** Called by the delimiter parser with each piece. */
  override push(piece: Buffer | null): boolean {
    if (piece === null) return super.push(null);
    this.#decoder.push(piece);
    return true;
  }

  #passOnEarly(): void {
    const mayBeFrame = this.#decoder.inFrame || this.buffer.includes(FRAME_START);
    if (!mayBeFrame || this.buffer.length > this.#maxHeld) this.#release();
  }

  #release(): void {
    const held = this.buffer;
    this.buffer = NOTHING;
    this.#decoder.push(held);
  }
}
