import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { ConsoleLines } from './console-lines.js';
import { FRAME_DROP_REASONS, type FrameDropReason, type LineNoise } from './frame.js';
import { FrameParser } from './frame-parser.js';

export interface ReceiverHandlers {
  /** A whole body, unescaped. */
  onFrame(body: Buffer): void;
  /** A line of console text, cleaned for display. */
  onConsoleLine(line: string): void;
}

export interface ReceiverSettings {
  /** Bytes of the longest body. */
  readonly maxBodyLength: number;
  /** An open frame that gets no byte for so long is abandoned, so that boot text behind it is not swallowed. */
  readonly openFrameTimeoutMs: number;
}

const FRAME_DROPS = Object.keys(FRAME_DROP_REASONS) as FrameDropReason[];
const RECEIVED = ['bytes', 'frames', 'outsideBytes', 'consoleLines', 'emptyFrame', 'strayEnd'] as const;

/**
 * A timer that is so late was held up with the whole process: what has come meanwhile is not read yet, and time in
 * which nobody looked is not silence. Reading it takes some passes through the event loop.
 */
const HELD_UP_MS = 20;
const CATCH_UP_MS = 50;

/** Bytes from the link to bodies and console lines, with a count of everything. */
export class Receiver {
  readonly received = new Counters<(typeof RECEIVED)[number]>(RECEIVED);
  readonly drops = new Counters<FrameDropReason>(FRAME_DROPS);
  readonly #handlers: ReceiverHandlers;
  readonly #clock: Clock;
  readonly #settings: ReceiverSettings;
  readonly #parser: FrameParser;
  readonly #lines: ConsoleLines;
  #lastByteAt = 0;
  #consoleOpen = false;
  #cancelTimer: CancelTimer | undefined;

  constructor(handlers: ReceiverHandlers, clock: Clock, settings: ReceiverSettings) {
    this.#handlers = handlers;
    this.#clock = clock;
    this.#settings = settings;
    this.#lines = new ConsoleLines((line) => this.#takeLine(line));
    this.#parser = new FrameParser(
      {
        onFrame: (body) => this.#takeFrame(body),
        onOutside: (bytes) => this.#takeOutside(bytes),
        onDrop: (reason) => this.drops.add(reason),
        onNoise: (noise: LineNoise) => this.received.add(noise),
      },
      settings.maxBodyLength,
    );
  }

  push(chunk: Buffer): void {
    this.received.add('bytes', chunk.length);
    this.#lastByteAt = this.#clock.monotonic();
    this.#parser.write(chunk);
    if (this.#isWaiting && !this.#cancelTimer) this.#watch(this.#settings.openFrameTimeoutMs);
  }

  /** Ends what is under way: the link is gone, or has fallen silent. */
  abandon(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#parser.abandon();
    this.#lines.flush();
    this.#consoleOpen = false;
  }

  get #isWaiting(): boolean {
    return this.#parser.inFrame || this.#consoleOpen;
  }

  /**
   * One timer at most, however many chunks: it looks how long the line has been silent and waits for the rest. Time in
   * which nobody looked is not silence.
   */
  #watch(ms: number): void {
    const due = this.#clock.monotonic() + ms;
    this.#cancelTimer = this.#clock.after(ms, () => {
      this.#cancelTimer = undefined;
      if (!this.#isWaiting) return;
      const now = this.#clock.monotonic();
      const rest = this.#lastByteAt + this.#settings.openFrameTimeoutMs - now;
      if (rest > 0) this.#watch(rest);
      else if (now - due > HELD_UP_MS) this.#watch(CATCH_UP_MS);
      else this.abandon();
    });
  }

  #takeFrame(body: Buffer): void {
    this.received.add('frames');
    this.#handlers.onFrame(body);
  }

  #takeOutside(bytes: Buffer): void {
    this.received.add('outsideBytes', bytes.length);
    this.#consoleOpen = true;
    this.#lines.push(bytes);
  }

  #takeLine(line: string): void {
    this.received.add('consoleLines');
    this.#handlers.onConsoleLine(line);
  }
}
