import { FRAME_END, FRAME_ESCAPE, FRAME_START } from '../uart/frame.js';

/** How many bytes at the start of a body are kept, given its bytes so far. */
export type KeptBytes = (start: Buffer) => number;

/** Bytes of a body that can decide how many are kept. */
const START_LENGTH = 16;
const X = 'x'.charCodeAt(0);
const LINE_ENDS: ReadonlySet<number> = new Set([0x0a, 0x0d]);
/** Never written by an encoder: replaces any invalid byte after an escape. */
const WRONG_ESCAPED = 0x02;

/**
 * Removes payloads from UART bytes, however they are split. Frames keep their boundaries, their faults, and the start
 * and length of their bodies; other bytes of a body become 00, console text becomes `x`.
 */
export class FrameRedactor {
  readonly #keptBytes: KeptBytes;
  readonly #start = Buffer.alloc(START_LENGTH);
  readonly #openFrameTimeoutUs: number;
  #length = 0;
  #awaiting: 'start' | 'bodyByte' | 'escapedByte' = 'start';
  #lastUs = 0;

  constructor(keptBytes: KeptBytes, openFrameTimeoutMs: number) {
    this.#keptBytes = keptBytes;
    this.#openFrameTimeoutUs = openFrameTimeoutMs * 1000;
  }

  /** Returns the redacted bytes. `us`: when the bytes were received. */
  redact(bytes: Buffer, us: number): Buffer {
    if (us - this.#lastUs >= this.#openFrameTimeoutUs) this.abandon();
    this.#lastUs = us;
    return Buffer.from([...bytes].flatMap((byte) => this.#take(byte)));
  }

  /** Gives up the open frame. */
  abandon(): void {
    this.#awaiting = 'start';
  }

  #take(byte: number): number[] {
    if (byte === FRAME_START) return this.#open();
    if (byte === FRAME_END) return this.#end();
    if (this.#awaiting === 'start') return [LINE_ENDS.has(byte) ? byte : X];
    return this.#awaiting === 'escapedByte' ? this.#takeEscaped(byte) : this.#takeBody(byte);
  }

  /** An escape before a start or an end is a fault, and is kept. */
  #open(): number[] {
    const fault = this.#awaiting === 'escapedByte' ? [FRAME_ESCAPE] : [];
    this.#awaiting = 'bodyByte';
    this.#length = 0;
    return [...fault, FRAME_START];
  }

  #end(): number[] {
    const fault = this.#awaiting === 'escapedByte' ? [FRAME_ESCAPE] : [];
    this.#awaiting = 'start';
    return [...fault, FRAME_END];
  }

  #takeBody(byte: number): number[] {
    if (byte === FRAME_ESCAPE) {
      this.#awaiting = 'escapedByte';
      return [];
    }
    if (byte > FRAME_ESCAPE) {
      this.#awaiting = 'start';
      return [byte];
    }
    return this.#isKept(byte) ? [byte] : [0];
  }

  #takeEscaped(byte: number): number[] {
    const original = byte ^ FRAME_ESCAPE;
    if (original < FRAME_ESCAPE) {
      this.#awaiting = 'start';
      return [FRAME_ESCAPE, WRONG_ESCAPED];
    }
    this.#awaiting = 'bodyByte';
    return this.#isKept(original) ? [FRAME_ESCAPE, byte] : [0];
  }

  #isKept(byte: number): boolean {
    const at = this.#length++;
    if (at >= this.#start.length) return false;
    this.#start[at] = byte;
    return at < this.#keptBytes(this.#start.subarray(0, at + 1));
  }
}
