/**
 * Messages that carry when they were sent and which they are.
 *
 *     address (2) | 'E' | number (10 digits) | microseconds (16 digits) | 000        32 bytes, none of them escaped
 */
export const BODY_LENGTH = 32;
/** With its start and its end. */
export const FRAME_LENGTH = BODY_LENGTH + 2;

const NUMBER_AT = 3;
const NUMBER_DIGITS = 10;
const TIME_DIGITS = 16;
const ECHO = 0x45;

/** Microseconds, the same clock in all processes. */
export function microseconds(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Frames numbered from `first`, as they go on the wire. */
export function stampedFrames(first: number, count: number): Buffer {
  const frames = Buffer.alloc(count * FRAME_LENGTH, '0');
  const now = String(microseconds()).padStart(TIME_DIGITS, '0');
  for (let index = 0; index < count; index++) {
    const start = index * FRAME_LENGTH;
    frames[start] = 0xff;
    frames.writeUInt16BE(5 + ((first + index) % 100), start + 1);
    frames[start + 3] = ECHO;
    const text = String(first + index).padStart(NUMBER_DIGITS, '0') + now;
    frames.write(text, start + 1 + NUMBER_AT, 'latin1');
    frames[start + FRAME_LENGTH - 1] = 0xfe;
  }
  return frames;
}

/** What a reader is given: bare bodies, or the frames themselves. */
export type Form = 'bodies' | 'frames';

/** Takes what comes, however it is split, and notes what is missing and how late each was. */
export class StampedReader {
  /** ms of each that came, in order. */
  delays: number[] = [];
  count = 0;
  lost = 0;
  readonly #length: number;
  readonly #at: number;
  #next: number | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(form: Form) {
    this.#length = form === 'bodies' ? BODY_LENGTH : FRAME_LENGTH;
    this.#at = form === 'bodies' ? NUMBER_AT : NUMBER_AT + 1;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const now = microseconds();
    let start = 0;
    for (; start + this.#length <= bytes.length; start += this.#length)
      this.#take(bytes, start + this.#at, now);
    this.#rest = bytes.subarray(start);
  }

  #take(bytes: Buffer, at: number, now: number): void {
    const index = readDigits(bytes, at, NUMBER_DIGITS);
    if (this.#next !== undefined) this.lost += index - this.#next;
    this.#next = index + 1;
    this.count++;
    this.delays.push((now - readDigits(bytes, at + NUMBER_DIGITS, TIME_DIGITS)) / 1000);
  }
}

function readDigits(bytes: Buffer, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) value = value * 10 + ((bytes[index] ?? 0x30) - 0x30);
  return value;
}
