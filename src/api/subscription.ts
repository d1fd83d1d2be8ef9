/**
 * One subscription of a session: a filter, a minimum interval for values, and back-pressure. If the client reads too
 * slowly, values are coalesced to the latest of each node and type, other events are dropped, and a `gap` notification
 * reports the range: no event is lost silently.
 *
 * It first reads the hub's ring, after the last event that the client has, as fast as the client reads; at the end of
 * the ring it switches to live events.
 */
import type { Clock } from '../base/clock.js';
import { type FeedReader, lengthOfRange } from '../hub/feed-reader.js';
import type { Hub, HubEvent, SeqRange } from '../hub/hub.js';
import type { ClientTally } from './client-tally.js';
import { type EventCriteria, EventFilter, HUB_EVENTS, valueKey } from './event-filter.js';
import type { EventTexts } from './event-texts.js';

export interface SubscriptionOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  /** True while the client is over its limit of unread data. */
  readonly isBackedUp: () => boolean;
  /** Counts what the client misses. */
  readonly tally: ClientTally;
  readonly eventTexts: EventTexts;
  /** Sends a complete JSON-RPC message to the client. */
  readonly send: (text: string) => void;
}

type ValueEvent = Extract<HubEvent, { kind: 'value' }>;

/** Numbers of events that were not sent, both ends included, and the reason. */
type GapNotice = SeqRange & { readonly dropped: number; readonly coalesced: number };

interface HeldBack {
  from: number;
  to: number;
  dropped: number;
  coalesced: number;
}

export class Subscription {
  readonly id: string;
  readonly #options: SubscriptionOptions;
  readonly #reader: FeedReader;
  readonly #filter: EventFilter<HubEvent>;
  #isOpen = false;
  /** The ring has been read to its end: live events are followed. */
  #isLive = false;
  #heldBack: HeldBack | undefined;
  /** Held-back values: the latest of each node and type. */
  readonly #coalesced = new Map<number, ValueEvent>();

  /** Once opened, sends the events that `reader` has not read. */
  constructor(id: string, criteria: EventCriteria, reader: FeedReader, options: SubscriptionOptions) {
    const { clock, isBackedUp } = options;
    this.id = id;
    this.#reader = reader;
    this.#options = options;
    const give = (event: HubEvent) => this.#push(event);
    this.#filter = new EventFilter({ criteria, form: HUB_EVENTS, clock, give, isBackedUp });
  }

  /** Values waiting for the client to catch up, or for their interval. */
  get heldBack(): number {
    return this.#coalesced.size + this.#filter.waiting;
  }

  /** A live event; ignored while the ring is still being read, which contains it. */
  onEvent(event: HubEvent): void {
    if (!this.#isLive) return;
    const unused = this.#reader.follow(event);
    if (unused) this.#reportUnused(unused);
    this.#filter.take(event);
  }

  /** Starts sending events; called after the reply has been sent. */
  open(): void {
    this.#isOpen = true;
    this.#readRing();
  }

  /** The client has caught up: reports what it missed, then sends the latest of the held-back values. */
  onCaughtUp(): void {
    if (this.#isLive) this.#sendHeldBack();
    else this.#readRing();
    this.#filter.sendDue();
  }

  close(): void {
    this.#isOpen = false;
    this.#filter.close();
  }

  #readRing(): void {
    while (this.#isOpen && !this.#isLive && !this.#options.isBackedUp()) {
      const { events, gap } = this.#reader.read();
      if (gap) this.#reportLost(gap);
      if (events.length === 0) this.#isLive = true;
      else this.#takeUntilBackedUp(events);
    }
  }

  #reportLost(gone: SeqRange): void {
    const dropped = lengthOfRange(gone);
    this.#options.tally.dropped += dropped;
    this.#sendGap({ ...gone, dropped, coalesced: 0 });
  }

  /** No event has these numbers: they were skipped because the file of an earlier run, read late, uses some of them. */
  #reportUnused(unused: SeqRange): void {
    this.#sendGap({ ...unused, dropped: 0, coalesced: 0 });
  }

  #takeUntilBackedUp(events: readonly HubEvent[]): void {
    for (const event of events) {
      if (this.#options.isBackedUp()) {
        this.#reader.rewind(event.seq - 1);
        return;
      }
      this.#filter.take(event);
    }
  }

  #push(event: HubEvent): void {
    if (this.#heldBack || this.#options.isBackedUp()) this.#holdBack(event);
    else this.#sendEvent(event);
  }

  #holdBack(event: HubEvent): void {
    this.#heldBack ??= { from: event.seq, to: event.seq, dropped: 0, coalesced: 0 };
    this.#heldBack.to = Math.max(this.#heldBack.to, event.seq);
    if (event.kind !== 'value') {
      this.#heldBack.dropped++;
      this.#options.tally.dropped++;
      return;
    }
    const key = keyOf(event);
    if (this.#coalesced.has(key)) {
      this.#heldBack.coalesced++;
      this.#options.tally.coalesced++;
    }
    this.#coalesced.set(key, event);
  }

  #sendHeldBack(): void {
    if (!this.#heldBack) return;
    const { to, dropped, coalesced } = this.#heldBack;
    const isLossy = dropped + coalesced > 0;
    if (isLossy) this.#sendGap(this.#heldBack);
    this.#heldBack = undefined;
    const values = [...this.#coalesced.values()].sort((a, b) => a.seq - b.seq);
    for (const event of values) {
      if (this.#options.isBackedUp()) {
        this.#keepHolding(isLossy ? to + 1 : event.seq, to);
        return;
      }
      this.#coalesced.delete(keyOf(event));
      this.#sendEvent(event);
    }
  }

  /** Keeps the remaining values. `from`: the first number not covered by a gap notification. */
  #keepHolding(from: number, to: number): void {
    this.#heldBack = { from, to, dropped: 0, coalesced: 0 };
  }

  #sendEvent(event: HubEvent): void {
    const { send, eventTexts } = this.#options;
    send(
      `{"jsonrpc":"2.0","method":"event","params":{"subscription":"${this.id}","event":${eventTexts.of(event)}}}`,
    );
  }

  #sendGap(gap: GapNotice): void {
    this.#options.send(notification('gap', { subscription: this.id, ...gap }));
  }
}

function keyOf({ node, type }: ValueEvent): number {
  return valueKey(node, type.id);
}

/** A JSON-RPC notification. */
export function notification(method: string, params: object): string {
  return `{"jsonrpc":"2.0","method":"${method}","params":${JSON.stringify(params)}}`;
}
