import fc from 'fast-check';
import type { FrameDropReason, FrameHandlers, LineNoise } from '../../src/uart/frame.js';
import { hexOf, type LineStep } from './hex.js';

/** The common interface of the frame decoder and the frame parser. */
export interface LineReader {
  push(chunk: Buffer): void;
  abandon(): void;
}

/** How a test cuts the line into chunks. */
export type Cut = (bytes: Buffer) => Buffer[];

export const whole: Cut = (bytes) => [bytes];
export const byteByByte: Cut = (bytes) => [...bytes].map((byte) => Buffer.of(byte));

/** Chunks of these sizes, over and over. */
export function inSizes(sizes: readonly number[]): Cut {
  return (bytes) => {
    const chunks: Buffer[] = [];
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = sizes[turn % sizes.length] as number;
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    return chunks;
  };
}

/** Records what is found on a line, in order: `events` differ when anything comes too early or too late. */
export class LineRecord implements FrameHandlers {
  readonly bodies: Buffer[] = [];
  readonly drops: Partial<Record<FrameDropReason, number>> = {};
  readonly noise: Partial<Record<LineNoise, number>> = {};
  /** One entry for each find; consecutive console bytes are one. */
  readonly events: string[] = [];
  discarded = 0;
  #console = '';

  onFrame(body: Buffer): void {
    this.bodies.push(body);
    this.#add(`body ${hexOf(body)}`);
  }

  onOutside(bytes: Buffer): void {
    this.discarded += bytes.length;
    this.#console += bytes.toString('latin1');
  }

  onDrop(reason: FrameDropReason): void {
    this.drops[reason] = (this.drops[reason] ?? 0) + 1;
    this.#add(`drop ${reason}`);
  }

  onNoise(noise: LineNoise): void {
    this.noise[noise] = (this.noise[noise] ?? 0) + 1;
    this.#add(`noise ${noise}`);
  }

  /** Everything found so far. */
  finish(): string[] {
    this.#endConsole();
    return this.events;
  }

  #add(event: string): void {
    this.#endConsole();
    this.events.push(event);
  }

  #endConsole(): void {
    if (this.#console !== '') this.events.push(`console ${hexOf(Buffer.from(this.#console, 'latin1'))}`);
    this.#console = '';
  }
}

/** Silence after which an open frame is abandoned. */
const ABANDONED_AFTER_MS = 500;

/** Feeds a line to a reader; a long silence abandons the open frame, as the receiver's timer does. */
export function feed(reader: LineReader, steps: readonly LineStep[], cut: Cut): void {
  for (const step of steps) {
    if (typeof step !== 'number') for (const chunk of cut(step)) reader.push(chunk);
    else if (step >= ABANDONED_AFTER_MS) reader.abandon();
  }
}

/** Bytes with many that have a meaning in frames. */
export const lineBytes: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 255 }) },
      { weight: 3, arbitrary: fc.constantFrom(0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff) },
      { weight: 2, arbitrary: fc.constantFrom(0, 1, 4, 5, 6, 7) },
    ),
    { maxLength: 120 },
  )
  .map((bytes) => Buffer.from(bytes));

/** A line with long silences in it. */
export const lineWithSilences: fc.Arbitrary<LineStep[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: lineBytes }, { weight: 1, arbitrary: fc.constant(ABANDONED_AFTER_MS) }),
  { maxLength: 5 },
);

export const chunkSizes: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });

/** A body that a frame can carry. */
export const anyBody: fc.Arbitrary<Buffer> = fc
  .oneof(lineBytes, fc.uint8Array({ maxLength: 300 }))
  .map((bytes) => Buffer.from(bytes))
  .filter((body) => body.length > 0);
