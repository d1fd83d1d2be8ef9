import { ConsoleLines } from '../uart/console-lines.js';
import { FrameDecoder, type FrameDropReason, type LineNoise } from '../uart/frame.js';

export interface WireSettings {
  /** Bytes of the longest body. */
  readonly maxBodyLength: number;
  /** An open frame that gets no byte for so long is given up, as the gateway does. */
  readonly openFrameTimeoutMs: number;
}

/** What bytes on the line come to. */
export type WireItem =
  | { readonly kind: 'frame'; readonly body: Buffer }
  | { readonly kind: 'console'; readonly line: string }
  | { readonly kind: 'dropped'; readonly reason: FrameDropReason }
  | { readonly kind: 'noise'; readonly noise: LineNoise };

/** Reads one direction of a recorded line, by the times of its records. */
export class WireDecoder {
  readonly #decoder: FrameDecoder;
  readonly #lines: ConsoleLines;
  readonly #timeoutUs: number;
  #found: WireItem[] = [];
  #lastUs = 0;

  constructor({ maxBodyLength, openFrameTimeoutMs }: WireSettings) {
    this.#timeoutUs = openFrameTimeoutMs * 1000;
    this.#lines = new ConsoleLines((line) => this.#found.push({ kind: 'console', line }));
    this.#decoder = new FrameDecoder(
      {
        onFrame: (body) => this.#found.push({ kind: 'frame', body }),
        onOutside: (bytes) => this.#lines.push(bytes),
        onDrop: (reason) => this.#found.push({ kind: 'dropped', reason }),
        onNoise: (noise) => this.#found.push({ kind: 'noise', noise }),
      },
      maxBodyLength,
    );
  }

  /** What is whole now. `us`: when the bytes came. */
  push(bytes: Buffer, us: number): WireItem[] {
    const late = us - this.#lastUs >= this.#timeoutUs ? this.end() : [];
    this.#lastUs = us;
    this.#decoder.push(bytes);
    return [...late, ...this.#take()];
  }

  /** What is left when nothing more comes: the link has ended, or the line was silent for long. */
  end(): WireItem[] {
    this.#decoder.abandon();
    this.#lines.flush();
    return this.#take();
  }

  #take(): WireItem[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }
}
