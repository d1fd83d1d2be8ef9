import type { Clock } from '../clock.js';
import type { HubEvent, HubEventContent, Replay } from './hub.js';

/**
 * A run begins with a number that no earlier run has reached, as long as there were fewer than 100 events in each
 * millisecond: so a client that resumes across a restart is told exactly which numbers it will never see.
 */
const NUMBERS_PER_MS = 100;

/** One numbered feed: every event gets the next number, goes to every subscriber in order, and is held in a ring. */
export class EventFeed {
  readonly #clock: Clock;
  readonly #ring: (HubEvent | undefined)[];
  readonly #listeners = new Set<(event: HubEvent) => void>();
  readonly #firstSeq: number;
  #lastSeq: number;

  /** `held`: events that a client can still resume from. */
  constructor(clock: Clock, held: number) {
    this.#clock = clock;
    this.#ring = new Array<HubEvent | undefined>(held).fill(undefined);
    this.#firstSeq = clock.now() * NUMBERS_PER_MS;
    this.#lastSeq = this.#firstSeq - 1;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  publish(content: HubEventContent): HubEvent {
    const seq = ++this.#lastSeq;
    const event: HubEvent = { seq, at: this.#clock.now(), ...content };
    this.#ring[seq % this.#ring.length] = event;
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  subscribe(listener: (event: HubEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is still held of the events after `seq`: the first `limit` of them, all unless given. */
  replay(seq: number, limit = this.#ring.length): Replay {
    const oldest = Math.max(this.#firstSeq, this.#lastSeq + 1 - this.#ring.length);
    if (seq > this.#lastSeq) return { events: this.#held(oldest, limit), gone: { from: seq + 1, to: null } };
    const gone = seq + 1 < oldest ? { from: seq + 1, to: oldest - 1 } : undefined;
    return { events: this.#held(Math.max(oldest, seq + 1), limit), gone };
  }

  #held(from: number, limit: number): HubEvent[] {
    const events: HubEvent[] = [];
    const to = Math.min(this.#lastSeq, from + limit - 1);
    for (let seq = from; seq <= to; seq++) {
      const event = this.#ring[seq % this.#ring.length];
      if (event) events.push(event);
    }
    return events;
  }
}
