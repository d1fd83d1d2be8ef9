/**
 * What waits for one client. Messages wait here while the client reads too slowly. Over the limit, readings are dropped, except
 * the newest of each; answers and errors are not. A client that stays over the limit for 10 s is closed.
 */
import type { CancelTimer, Clock } from '../../base/clock.js';
import type { Message } from './message.js';

export interface OutletOptions {
  readonly clock: Clock;
  /** Messages that may wait. */
  readonly maxMessages: number;
  readonly encode: (message: Message) => Buffer;
  /** Calls `onWritten` when the system has taken the bytes. */
  readonly write: (bytes: Buffer, onWritten: () => void) => void;
  readonly onSent: () => void;
  readonly onDropped: (count: number) => void;
  /** The client must be closed. */
  readonly onSlow: () => void;
}

const MAX_BYTES = 1_048_576;
const OVER_MS = 10_000;
/** Answers can't be dropped: a client with this many times the limit is closed at once. */
const HARD_LIMIT = 16;
/** Bytes given to the system before it has taken them. */
const MAX_IN_FLIGHT = 65_536;

interface Waiting {
  readonly bytes: Buffer;
  readonly readingOf: string | undefined;
}

export class Outlet {
  readonly #options: OutletOptions;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #inFlight = 0;
  #cancelOver: CancelTimer | undefined;
  #isClosed = false;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  get waitingBytes(): number {
    return this.#queuedBytes + this.#inFlight;
  }

  push(message: Message): void {
    if (this.#isClosed) return;
    const bytes = this.#options.encode(message);
    if (this.#queue.length === 0 && this.#inFlight < MAX_IN_FLIGHT) {
      this.#write(bytes);
      return;
    }
    this.#queue.push({ bytes, readingOf: message.content.readingOf });
    this.#queuedBytes += bytes.length;
    if (this.#isOver(1)) this.#dropReadings();
    this.#watch();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelOver?.();
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #isOver(times: number): boolean {
    const { maxMessages } = this.#options;
    return this.#queue.length > times * maxMessages || this.#queuedBytes > times * MAX_BYTES;
  }

  #dropReadings(): void {
    const seen = new Set<string>();
    const kept = this.#queue.reverse().filter(({ readingOf }) => {
      if (readingOf === undefined) return true;
      const isNewest = !seen.has(readingOf);
      seen.add(readingOf);
      return isNewest;
    });
    this.#options.onDropped(this.#queue.length - kept.length);
    this.#queue = kept.reverse();
    this.#queuedBytes = kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  #watch(): void {
    const { clock, onSlow } = this.#options;
    if (this.#isOver(HARD_LIMIT)) onSlow();
    else if (!this.#isOver(1)) this.#endWatch();
    else this.#cancelOver ??= clock.after(OVER_MS, onSlow);
  }

  #endWatch(): void {
    this.#cancelOver?.();
    this.#cancelOver = undefined;
  }

  #write(bytes: Buffer): void {
    this.#inFlight += bytes.length;
    this.#options.onSent();
    this.#options.write(bytes, () => {
      this.#inFlight -= bytes.length;
      this.#pump();
    });
  }

  #pump(): void {
    while (!this.#isClosed && this.#inFlight < MAX_IN_FLIGHT) {
      const next = this.#queue.shift();
      if (!next) break;
      this.#queuedBytes -= next.bytes.length;
      this.#write(next.bytes);
    }
    if (!this.#isClosed && !this.#isOver(1)) this.#endWatch();
  }
}
