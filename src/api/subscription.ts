/**
 * One subscription of a session: a filter, a minimum interval for values, and what is done when the client reads too
 * slowly. Then values are coalesced to the latest of each node and type, other events are left out, and one `gap`
 * notice gives the range; nothing is missing without a word.
 *
 * It begins by reading the hub's ring, after the last event that the client has, as fast as the client takes it;
 * from the ring's end on it takes events as they come.
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
  /** True while the client has more unread than it may. */
  readonly isBehind: () => boolean;
  /** Counts what the client misses. */
  readonly tally: ClientTally;
  readonly eventTexts: EventTexts;
  /** Hands a whole JSON-RPC message to the client. */
  readonly send: (text: string) => void;
}

type ValueEvent = Extract<HubEvent, { kind: 'value' }>;

/** Numbers of events that were not given, both ends included, and what became of them. */
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
  /** The ring has been read to its end: events are taken as they come. */
  #isLive = false;
  #heldBack: HeldBack | undefined;
  /** Of the values that were held back, the latest of each node and type. */
  readonly #coalesced = new Map<number, ValueEvent>();

  /** It gives the events that `reader` has not read, once it is opened. */
  constructor(id: string, criteria: EventCriteria, reader: FeedReader, options: SubscriptionOptions) {
    const { clock, isBehind } = options;
    this.id = id;
    this.#reader = reader;
    this.#options = options;
    const give = (event: HubEvent) => this.#push(event);
    this.#filter = new EventFilter({ criteria, form: HUB_EVENTS, clock, give, isBehind });
  }

  /** Values that wait for the client to catch up, or for their interval. */
  get heldBack(): number {
    return this.#coalesced.size + this.#filter.waiting;
  }

  /** An event as it comes; what the ring is still read for will be read there. */
  onEvent(event: HubEvent): void {
    if (!this.#isLive) return;
    const unused = this.#reader.follow(event);
    if (unused) this.#tellUnused(unused);
    this.#filter.take(event);
  }

  /** The reply is out: events may follow. */
  open(): void {
    this.#isOpen = true;
    this.#readRing();
  }

  /** The client has caught up: tells what it missed, then the latest of the values that were held back. */
  onCaughtUp(): void {
    if (this.#isLive) this.#giveHeldBack();
    else this.#readRing();
    this.#filter.sendDue();
  }

  close(): void {
    this.#isOpen = false;
    this.#filter.close();
  }

  #readRing(): void {
    while (this.#isOpen && !this.#isLive && !this.#options.isBehind()) {
      const { events, gap } = this.#reader.read();
      if (gap) this.#tellGone(gap);
      if (events.length === 0) this.#isLive = true;
      else this.#takeWhileRead(events);
    }
  }

  #tellGone(gone: SeqRange): void {
    const dropped = lengthOfRange(gone);
    this.#options.tally.dropped += dropped;
    this.#tellGap({ ...gone, dropped, coalesced: 0 });
  }

  /** No event has these numbers: the file of an earlier run, which was read late, has used some of them. */
  #tellUnused(unused: SeqRange): void {
    this.#tellGap({ ...unused, dropped: 0, coalesced: 0 });
  }

  #takeWhileRead(events: readonly HubEvent[]): void {
    for (const event of events) {
      if (this.#options.isBehind()) {
        this.#reader.rewind(event.seq - 1);
        return;
      }
      this.#filter.take(event);
    }
  }

  #push(event: HubEvent): void {
    if (this.#heldBack || this.#options.isBehind()) this.#holdBack(event);
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

  #giveHeldBack(): void {
    if (!this.#heldBack) return;
    const { to, dropped, coalesced } = this.#heldBack;
    const isLossy = dropped + coalesced > 0;
    if (isLossy) this.#tellGap(this.#heldBack);
    this.#heldBack = undefined;
    const values = [...this.#coalesced.values()].sort((a, b) => a.seq - b.seq);
    for (const event of values) {
      if (this.#options.isBehind()) {
        this.#holdRest(isLossy ? to + 1 : event.seq, to);
        return;
      }
      this.#coalesced.delete(keyOf(event));
      this.#sendEvent(event);
    }
  }

  /** Values are left over. `from`: the first number that no notice has told. */
  #holdRest(from: number, to: number): void {
    this.#heldBack = { from, to, dropped: 0, coalesced: 0 };
  }

  #sendEvent(event: HubEvent): void {
    const { send, eventTexts } = this.#options;
    send(
      `{"jsonrpc":"2.0","method":"event","params":{"subscription":"${this.id}","event":${eventTexts.of(event)}}}`,
    );
  }

  #tellGap(gap: GapNotice): void {
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
