import type { Socket } from 'node:net';
import type { CancelTimer, Clock } from '../base/clock.js';

/**
 * Between two messages, so that each arrives by itself: the field's client library takes what one `recv` gives as one
 * message, and a kernel joins what is written before the reader has woken up. 0.1 ms is enough for a reader on a quiet
 * machine; on one whose cores are all busy it waits for its turn, a few ms.
 */
export const PAUSE_MS = 3;

/**
 * Messages that may be due at once and are still spaced: what one read of a UART at 115200 baud brings (a USB adapter
 * collects for up to 16 ms, which is some 180 bytes). With more, the pauses would cost the last one more than 50 ms, and
 * a listener of thousands a second could never be served.
 */
export const SHORT_QUEUE = 16;

/** Reckoned pauses are not remembered beyond this, ms: after so long a silence at most, a flood is over. */
const MAX_RECKONED_MS = 2 * SHORT_QUEUE * PAUSE_MS;

/**
 * The only way to push to a listening client: bounded, and one write a message. A message that comes alone goes out at
 * once; those of a short queue with pauses between them; in a flood all at once, since no pause would help there.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #limit: number;
  readonly #clock: Clock;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** Monotonic ms at which the last message would be out if all that was pushed had been spaced. */
  #reckonedEnd = Number.NEGATIVE_INFINITY;
  #nextAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: CancelTimer | undefined;

  /** `limit`: bytes that may wait for the client to read. */
  constructor(socket: Socket, limit: number, clock: Clock) {
    this.#socket = socket;
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Bytes that wait, here or for the client to read. */
  get waitingBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  /** Takes a message, which goes out in one write; false, and nothing is taken, when too many bytes wait already. */
  push(bytes: Buffer): boolean {
    if (this.waitingBytes + bytes.length > this.#limit) return false;
    const now = this.#clock.monotonic();
    const isFlood = this.#reckon(now) > SHORT_QUEUE * PAUSE_MS;
    if (isFlood) this.flush();
    if (isFlood || (this.#queue.length === 0 && now >= this.#nextAt)) this.#write(bytes, now);
    else this.#enqueue(bytes, now);
    return true;
  }

  /** Writes all that waits, without pauses. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const [queue, now] = [this.#queue, this.#clock.monotonic()];
    this.#forgetQueue();
    for (const bytes of queue) this.#write(bytes, now);
  }

  /** Drops what waits: the connection is over. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#forgetQueue();
  }

  /** Adds one message; returns how long all would take if they were spaced, in ms. */
  #reckon(now: number): number {
    const end = Math.max(this.#reckonedEnd, now) + PAUSE_MS;
    this.#reckonedEnd = Math.min(end, now + MAX_RECKONED_MS);
    return this.#reckonedEnd - now;
  }

  #enqueue(bytes: Buffer, now: number): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#cancelTimer ??= this.#clock.after(Math.max(0, this.#nextAt - now), () => this.#onPauseOver());
  }

  #onPauseOver(): void {
    this.#cancelTimer = undefined;
    const bytes = this.#queue.shift();
    if (!bytes) return;
    this.#queuedBytes -= bytes.length;
    this.#write(bytes, this.#clock.monotonic());
    if (this.#queue.length > 0) {
      this.#cancelTimer = this.#clock.after(PAUSE_MS, () => this.#onPauseOver());
    }
  }

  #write(bytes: Buffer, now: number): void {
    this.#socket.write(bytes);
    this.#nextAt = now + PAUSE_MS;
  }

  #forgetQueue(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
  }
}
