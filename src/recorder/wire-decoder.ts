import { ConsoleLines } from '../uart/console-lines.js';
import { FrameDecoder, type FrameDropReason, type LineNoise } from '../uart/frame.js';

export interface WireSettings {
  /** Bytes. */
  readonly maxBodyLength: number;
  /** An open frame is abandoned after this long without a byte, as in the gateway. */
  readonly openFrameTimeoutMs: number;
}

/** What UART bytes decode to. */
export type WireItem =
  | { readonly kind: 'frame'; readonly body: Buffer }
  | { readonly kind: 'console'; readonly line: string }
  | { readonly kind: 'dropped'; readonly reason: FrameDropReason }
  | { readonly kind: 'noise'; readonly noise: LineNoise };

/** Decodes one direction of a recorded UART, using the times of its records. */
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

  /** Returns the items that are complete. `us`: when the bytes were received. */
  push(bytes: Buffer, us: number): WireItem[] {
    const late = us - this.#lastUs >= this.#timeoutUs ? this.end() : [];
    this.#lastUs = us;
    this.#decoder.push(bytes);
    return [...late, ...this.#take()];
  }

  /** Returns the rest when no more bytes follow: the link has ended, or the line was silent for long. */
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
