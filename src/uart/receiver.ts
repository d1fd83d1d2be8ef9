import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { ConsoleLines } from './console-lines.js';
import { FRAME_DROP_REASONS, type FrameDropReason, type LineNoise } from './frame.js';
import { FrameParser } from './frame-parser.js';

export interface ReceiverHandlers {
  /** A complete body, unescaped. */
  onFrame(body: Buffer): void;
  /** A line of console text, cleaned for display. */
  onConsoleLine(line: string): void;
}

export interface ReceiverSettings {
  /** Maximum bytes of a body. */
  readonly maxBodyLength: number;
  /** An open frame without a byte for this long is dropped, so that it does not swallow boot text after it. */
  readonly openFrameTimeoutMs: number;
}

const FRAME_DROPS = Object.keys(FRAME_DROP_REASONS) as FrameDropReason[];
const RECEIVED = ['bytes', 'frames', 'outsideBytes', 'consoleLines', 'emptyFrame', 'strayEnd'] as const;

/**
 * If a timer is this late, the whole process was blocked, and bytes that came in the meantime have not been read yet.
 * Reading them takes a few passes through the event loop, so the silence is checked again after a short time.
 */
const BLOCKED_MS = 20;
const CATCH_UP_MS = 50;

/** Turns bytes from the link into bodies and console lines, and counts everything. */
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

  /** Ends the open frame and the current line: the link is gone or silent. */
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
   * One timer at most, regardless of the number of chunks: when it fires, it checks how long the line has been silent and
   * waits for the rest.
   */
  #watch(ms: number): void {
    const due = this.#clock.monotonic() + ms;
    this.#cancelTimer = this.#clock.after(ms, () => {
      this.#cancelTimer = undefined;
      if (!this.#isWaiting) return;
      const now = this.#clock.monotonic();
      const rest = this.#lastByteAt + this.#settings.openFrameTimeoutMs - now;
      if (rest > 0) this.#watch(rest);
      else if (now - due > BLOCKED_MS) this.#watch(CATCH_UP_MS);
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
