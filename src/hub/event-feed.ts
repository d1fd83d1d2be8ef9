import type { Clock } from '../base/clock.js';
import { numberBefore, rangeBetween } from './feed-reader.js';
import type { Feed, HubEvent, HubEventContent, Replay } from './hub.js';

/**
 * A run starts at a number that no earlier run has reached, given fewer than 100 events per millisecond. So a client that
 * resumes across a restart learns exactly which numbers it has missed.
 */
const NUMBERS_PER_MS = 100;

/** The feed of an earlier run. */
export interface FeedPast {
  readonly nextSeq: number;
  /** False: numbers from `nextSeq` on may have been used. */
  readonly endedInOrder: boolean;
  /** By rising number. */
  readonly events: readonly HubEvent[];
}

/** The numbered feed: every event gets the next number, goes to every subscriber in order, and is held in a ring. */
export class EventFeed implements Feed {
  readonly #clock: Clock;
  readonly #ring: (HubEvent | undefined)[];
  readonly #listeners = new Set<(event: HubEvent) => void>();
  #firstSeq: number;
  #lastSeq: number;
  /** Events of earlier runs, by rising number, until the ring is full of events of this run. */
  #past: readonly HubEvent[] = [];

  /** `held`: number of events that a client can resume from. */
  constructor(clock: Clock, held: number) {
    this.#clock = clock;
    this.#ring = new Array<HubEvent | undefined>(held).fill(undefined);
    this.#firstSeq = clock.now() * NUMBERS_PER_MS;
    this.#lastSeq = this.#firstSeq - 1;
  }

  /**
   * Continues the feed of an earlier run. Call before the first event. A run that was killed may have used more numbers
   * than it stored, but none above the clock's.
   */
  continueFrom({ nextSeq, endedInOrder, events }: FeedPast): void {
    this.#firstSeq = endedInOrder ? nextSeq : Math.max(nextSeq, this.#firstSeq);
    this.#lastSeq = this.#firstSeq - 1;
    this.#past = events.slice(-this.#ring.length);
  }

  /**
   * Adds the feed of an earlier run after events of this run have been numbered. Their numbers stay if they are higher.
   * Otherwise (the host clock was set back) numbering continues above both runs, and the events of this run so far can no
   * longer be replayed. Returns by how much the numbers of this run were raised.
   */
  join({ nextSeq, events }: FeedPast): number {
    const by = Math.max(0, nextSeq - this.#firstSeq);
    const isFull = this.#lastSeq - this.#firstSeq >= this.#ring.length;
    if (by === 0) {
      this.#past = isFull ? [] : events.slice(-this.#ring.length);
      return 0;
    }
    this.#lastSeq += by;
    this.#firstSeq = this.#lastSeq + 1;
    this.#past = [];
    this.#ring.fill(undefined);
    return by;
  }

  lastSeq(): number {
    return this.#lastSeq;
  }

  publish(content: HubEventContent): HubEvent {
    const seq = ++this.#lastSeq;
    const event: HubEvent = { seq, at: this.#clock.now(), ...content };
    this.#ring[seq % this.#ring.length] = event;
    if (this.#past.length > 0 && seq - this.#firstSeq >= this.#ring.length) this.#past = [];
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  subscribe(listener: (event: HubEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The events after `seq` that are still held: at most `limit`, all by default, up to the next missing number. Call again
   * with the last number until no event is returned.
   */
  replay(seq: number, limit = this.#ring.length): Replay {
    if (seq > this.#lastSeq) return { events: this.#heldFrom(0, limit), gone: { from: seq + 1, to: null } };
    const events = this.#heldFrom(seq + 1, limit);
    return { events, gone: rangeBetween(seq, numberBefore(events, this.#lastSeq) + 1) };
  }

  #heldFrom(seq: number, limit: number): HubEvent[] {
    const index = seq < this.#firstSeq ? this.#past.findIndex((event) => event.seq >= seq) : -1;
    return index < 0 ? this.#presentFrom(seq, limit) : this.#pastFrom(index, limit);
  }

  #pastFrom(index: number, limit: number): HubEvent[] {
    const events: HubEvent[] = [];
    for (const event of this.#past.slice(index, index + limit)) {
      const last = events[events.length - 1];
      if (last && last.seq + 1 !== event.seq) break;
      events.push(event);
    }
    return events;
  }

  #presentFrom(seq: number, limit: number): HubEvent[] {
    const events: HubEvent[] = [];
    const oldest = Math.max(this.#firstSeq, this.#lastSeq + 1 - this.#ring.length);
    const from = Math.max(seq, oldest);
    const to = Math.min(this.#lastSeq, from + limit - 1);
    for (let next = from; next <= to; next++) {
      const event = this.#ring[next % this.#ring.length];
      if (event) events.push(event);
    }
    return events;
  }
}
