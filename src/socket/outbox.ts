import type { Socket } from 'node:net';
import type { CancelTimer, Clock } from '../base/clock.js';

/**
 * Pause between two messages, so that each arrives separately: the field's client library takes the result of one `recv`
 * as one message, and the kernel joins writes until the reader wakes up. 0.1 ms is enough on an idle machine; if all
 * cores are busy, a reader waits a few ms for its turn.
 */
export const PAUSE_MS = 3;

/**
 * Up to this many queued messages are spaced: the contents of one read of a UART at 115200 baud (a USB adapter collects
 * for up to 16 ms, about 180 bytes). With more, the pauses would delay the last one by more than 50 ms, and a listener
 * could never receive thousands of messages per second.
 */
export const SHORT_QUEUE = 16;

/** Limit of the projected backlog in ms: a flood ends after a silence of at most this length. */
const MAX_PROJECTED_MS = 2 * SHORT_QUEUE * PAUSE_MS;

/**
 * The only way to push to a listening client: bounded, one write per message. A single message is written immediately,
 * a short queue with pauses, and a flood without pauses, since they would not help there.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #limit: number;
  readonly #clock: Clock;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** Monotonic ms at which the last message would be written if all were spaced. */
  #projectedEnd = Number.NEGATIVE_INFINITY;
  #nextAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: CancelTimer | undefined;

  /** `limit`: bytes that may be queued for the client. */
  constructor(socket: Socket, limit: number, clock: Clock) {
    this.#socket = socket;
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Bytes queued here or not yet read by the client. */
  get waitingBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  /** Queues a message, which is written in one write; false if too many bytes are queued already. */
  push(bytes: Buffer): boolean {
    if (this.waitingBytes + bytes.length > this.#limit) return false;
    const now = this.#clock.monotonic();
    const isFlood = this.#project(now) > SHORT_QUEUE * PAUSE_MS;
    if (isFlood) this.flush();
    if (isFlood || (this.#queue.length === 0 && now >= this.#nextAt)) this.#write(bytes, now);
    else this.#enqueue(bytes, now);
    return true;
  }

  /** Writes the queue without pauses. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const [queue, now] = [this.#queue, this.#clock.monotonic()];
    this.#forgetQueue();
    for (const bytes of queue) this.#write(bytes, now);
  }

  /** Drops the queue: the connection has ended. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#forgetQueue();
  }

  /** Adds one message to the projection; returns the time in ms to write all messages if they were spaced. */
  #project(now: number): number {
    const end = Math.max(this.#projectedEnd, now) + PAUSE_MS;
    this.#projectedEnd = Math.min(end, now + MAX_PROJECTED_MS);
    return this.#projectedEnd - now;
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
