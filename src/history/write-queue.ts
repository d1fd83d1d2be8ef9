import type { CancelTimer, Clock } from '../base/clock.js';
import type { HubEvent } from '../hub/hub.js';
import { EventWriter, type NodeFacts } from './event-record.js';

/** Maximum delay before events go to the store's thread, which writes them to the disk. */
const FLUSH_MS = 500;
/** Events go to the thread at once at this many bytes. */
const FLUSH_BYTES = 262_144;
const FIRST_SIZE = 16_384;
/** Maximum bytes at the thread that are not written yet; beyond it events are dropped. */
const MAX_UNWRITTEN_BYTES = 67_108_864;
/** How long a read waits for the events before it to be written. */
const FRESH_MS = 1000;
/** Maximum reads that wait for that; further ones do not wait. */
const MAX_FRESH = 1000;

/** A part of the queue that was written, or dropped by the thread. */
export interface Settled {
  readonly bytes: number;
  readonly events: number;
}

/** Events on their way to the disk: collected here, then at the store's thread until it reports what became of them. */
export class WriteQueue {
  readonly #clock: Clock;
  readonly #post: (bytes: Uint8Array<ArrayBuffer>, events: number) => void;
  readonly #writer = new EventWriter(FIRST_SIZE);
  /** Reads that wait, each until this many events since the start are settled. */
  readonly #waiting = new Set<{ readonly upTo: number; end(): void }>();
  #cancelFlush: CancelTimer | undefined;
  #collectedEvents = 0;
  #unwrittenBytes = 0;
  #unwrittenEvents = 0;
  /** Since the start. */
  #settledEvents = 0;

  /** `post`: hands a batch to the thread. */
  constructor(clock: Clock, post: (bytes: Uint8Array<ArrayBuffer>, events: number) => void) {
    this.#clock = clock;
    this.#post = post;
  }

  /** Events at the thread that are not settled. */
  get unwrittenEvents(): number {
    return this.#unwrittenEvents;
  }

  /** Returns false, and drops the event, while too much is unwritten. */
  add(event: HubEvent, facts: NodeFacts | undefined): boolean {
    if (this.#unwrittenBytes > MAX_UNWRITTEN_BYTES) return false;
    this.#writer.write(event, facts);
    this.#collectedEvents++;
    if (this.#writer.length >= FLUSH_BYTES) this.flush();
    else this.#cancelFlush ??= this.#clock.after(FLUSH_MS, () => this.flush());
    return true;
  }

  /** Hands the collected events to the thread. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const events = this.#collectedEvents;
    if (events === 0) return;
    const bytes = this.#writer.take();
    this.#collectedEvents = 0;
    this.#unwrittenBytes += bytes.length;
    this.#unwrittenEvents += events;
    this.#post(bytes, events);
  }

  onSettled({ bytes, events }: Settled): void {
    this.#unwrittenBytes -= bytes;
    this.#unwrittenEvents -= events;
    this.#settledEvents += events;
    this.#wake(this.#settledEvents);
  }

  /** The thread has died. Returns how many events were collected or unwritten; the queue is empty afterwards. */
  clear(): number {
    const lost = this.#unwrittenEvents + this.#collectedEvents;
    this.#writer.take();
    this.#collectedEvents = 0;
    this.onSettled({ bytes: this.#unwrittenBytes, events: this.#unwrittenEvents });
    return lost;
  }

  /** Resolves when the events at the thread are settled, after `FRESH_MS` at the latest. */
  async untilSettled(): Promise<void> {
    if (this.#unwrittenEvents === 0 || this.#waiting.size >= MAX_FRESH) return;
    const upTo = this.#settledEvents + this.#unwrittenEvents;
    await new Promise<void>((resolve) => {
      const waiting = {
        upTo,
        end: () => {
          cancel();
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      const cancel = this.#clock.after(FRESH_MS, waiting.end);
      this.#waiting.add(waiting);
    });
  }

  /** Ends all waiting: the disk is failing, or the history is closed. */
  stopWaiting(): void {
    this.#wake(Number.POSITIVE_INFINITY);
  }

  #wake(upTo: number): void {
    for (const waiting of [...this.#waiting]) if (waiting.upTo <= upTo) waiting.end();
  }
}
