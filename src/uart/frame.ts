/**
 * Frames on the UART.
 *
 *     FF | body, escaped | FE          escaped: FA, FB … FF become FA and the byte XOR FA
 *
 * There is no length and no checksum. So a frame starts only at FF and ends only at FE. A frame that breaks the rules is
 * dropped and counted by its reason; the next FF starts a new one.
 */

export const FRAME_START = 0xff;
export const FRAME_END = 0xfe;
export const FRAME_ESCAPE = 0xfa;

/** The firmware's largest body has 724 bytes (40 nodes × 18 + 4); this leaves room, and limits what noise can fill. */
export const DEFAULT_MAX_BODY_LENGTH = 2048;

export const FRAME_DROP_REASONS = {
  cutShort: 'a new frame started before the end',
  badEscape: 'invalid escape sequence',
  reservedByte: 'unescaped reserved byte',
  tooLong: 'longer than the limit',
  abandoned: 'timed out waiting for more bytes',
} as const;

export type FrameDropReason = keyof typeof FRAME_DROP_REASONS;

/** Harmless irregularities on the line; counted. */
export type LineNoise = 'emptyFrame' | 'strayEnd';

/** Called by the decoder, in the order of the bytes on the line. */
export interface FrameHandlers {
  /** A complete body, unescaped; the handler may keep it. */
  onFrame(body: Buffer): void;
  /** Bytes outside any frame: console text, or noise. Valid only until the call returns. */
  onOutside(bytes: Buffer): void;
  onDrop(reason: FrameDropReason): void;
  onNoise(noise: LineNoise): void;
}

/** A body as a frame on the wire, including start and end. */
export function encodeFrame(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(body.length * 2 + 2);
  let length = 0;
  frame[length++] = FRAME_START;
  for (const byte of body) {
    if (byte < FRAME_ESCAPE) {
      frame[length++] = byte;
    } else {
      frame[length++] = FRAME_ESCAPE;
      frame[length++] = byte ^ FRAME_ESCAPE;
    }
  }
  frame[length++] = FRAME_END;
  return frame.subarray(0, length);
}

type Awaiting = 'start' | 'bodyByte' | 'escapedByte';

/**
 * Bytes in, bodies out; the bytes may be split in any way. Buffers one body at most.
 * After a dropped frame, bytes count as outside until the next FF.
 */
export class FrameDecoder {
  readonly #handlers: FrameHandlers;
  readonly #body: Buffer;
  #length = 0;
  #awaiting: Awaiting = 'start';

  constructor(handlers: FrameHandlers, maxBodyLength = DEFAULT_MAX_BODY_LENGTH) {
    this.#handlers = handlers;
    this.#body = Buffer.allocUnsafeSlow(maxBodyLength);
  }

  /** True between the start and the end of a frame. */
  get inFrame(): boolean {
    return this.#awaiting !== 'start';
  }

  push(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      position = this.inFrame ? this.#readBody(chunk, position) : this.#readOutside(chunk, position);
    }
  }

  /** Drops the open frame, if any: its end did not come in time. */
  abandon(): void {
    if (this.inFrame) this.#drop('abandoned');
  }

  /** Consumes bytes up to the next FF; returns where the body after it starts. */
  #readOutside(chunk: Buffer, from: number): number {
    const start = chunk.indexOf(FRAME_START, from);
    const end = start === -1 ? chunk.length : start;
    if (end > from) this.#takeOutside(chunk.subarray(from, end));
    if (start === -1) return end;
    this.#open();
    return start + 1;
  }

  #takeOutside(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(FRAME_END); end !== -1; end = bytes.indexOf(FRAME_END, from)) {
      if (end > from) this.#handlers.onOutside(bytes.subarray(from, end));
      this.#handlers.onNoise('strayEnd');
      from = end + 1;
    }
    if (bytes.length > from) this.#handlers.onOutside(bytes.subarray(from));
  }

  /** Consumes body bytes up to and including a special one; returns the next position. */
  #readBody(chunk: Buffer, from: number): number {
    let position = from;
    if (this.#awaiting === 'escapedByte') {
      this.#takeEscaped(chunk[position++] as number);
      return position;
    }
    let length = this.#length;
    while (position < chunk.length) {
      const byte = chunk[position++] as number;
      if (byte >= FRAME_ESCAPE) {
        this.#length = length;
        this.#takeSpecial(byte);
        return position;
      }
      if (length === this.#body.length) {
        this.#drop('tooLong');
        return position;
      }
      this.#body[length++] = byte;
    }
    this.#length = length;
    return position;
  }

  #takeSpecial(byte: number): void {
    switch (byte) {
      case FRAME_START:
        this.#drop('cutShort');
        this.#open();
        break;
      case FRAME_END:
        this.#finish();
        break;
      case FRAME_ESCAPE:
        this.#awaiting = 'escapedByte';
        break;
      default:
        this.#drop('reservedByte');
    }
  }

  #takeEscaped(byte: number): void {
    const original = byte ^ FRAME_ESCAPE;
    if (byte === FRAME_START) this.#takeSpecial(byte);
    else if (original < FRAME_ESCAPE) this.#drop('badEscape');
    else if (this.#length === this.#body.length) this.#drop('tooLong');
    else {
      this.#body[this.#length++] = original;
      this.#awaiting = 'bodyByte';
    }
  }

  #open(): void {
    this.#awaiting = 'bodyByte';
    this.#length = 0;
  }

  #finish(): void {
    this.#awaiting = 'start';
    if (this.#length === 0) this.#handlers.onNoise('emptyFrame');
    else this.#handlers.onFrame(Buffer.from(this.#body.subarray(0, this.#length)));
  }

  #drop(reason: FrameDropReason): void {
    this.#awaiting = 'start';
    this.#handlers.onDrop(reason);
  }
}
