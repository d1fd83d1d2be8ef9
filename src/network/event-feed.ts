import type { Clock } from '../clock.js';
import type { HubEvent, HubEventContent } from './hub.js';

/** One numbered feed: every event gets the next number, and goes to every subscriber in order. */
export class EventFeed {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: HubEvent) => void>();
  #lastSeq = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  publish(content: HubEventContent): void {
    const event: HubEvent = { seq: ++this.#lastSeq, at: this.#clock.now(), ...content };
    for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: (event: HubEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
