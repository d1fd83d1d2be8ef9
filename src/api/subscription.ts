/**
 * One subscription of a session: a filter, a least interval for values, and what is done when the client reads too
 * slowly. Then values are coalesced to the latest of each node and type, other events are left out, and one `gap`
 * notice tells the range; nothing is missing without a word.
 *
 * It begins by reading the hub's ring, behind the last event that the client has, as fast as the client takes it;
 * from the ring's end on it takes events as they come.
 */
import type { CancelTimer, Clock } from '../base/clock.js';
import type { Hub, HubEvent } from '../hub/hub.js';
import type { ClientTally } from './client-tally.js';
import { describeEvent } from './describe.js';
import { type EventFilter, passesFilter } from './event-filter.js';

export interface SubscriptionSettings {
  readonly id: string;
  readonly filter: EventFilter;
  /** ms between two values of one node and type; 0 = every value. */
  readonly minIntervalMs: number;
}

export interface SubscriptionParts {
  readonly hub: Hub;
  readonly clock: Clock;
  /** True while the client has more unread than it may. */
  readonly isBehind: () => boolean;
  /** Counts what the client misses. */
  readonly tally: ClientTally;
  /** Hands a whole JSON-RPC message to the client. */
  readonly send: (text: string) => void;
}

type ValueEvent = Extract<HubEvent, { kind: 'value' }>;

/** Numbers of events that were held back, both ends included, and what became of them. */
interface HeldBack {
  from: number;
  to: number;
  dropped: number;
  coalesced: number;
}

/** Numbers that no event has: the file of an earlier run, which was read late, has used some of them. */
function unusedBetween(last: number, next: number): HeldBack {
  return { from: last + 1, to: next - 1, dropped: 0, coalesced: 0 };
}

interface Postponed {
  readonly event: ValueEvent;
  /** Monotonic ms. */
  readonly dueAt: number;
}

/** Events that are read from the ring at a time. */
const READ_AT_ONCE = 256;

export class Subscription {
  readonly id: string;
  readonly #settings: SubscriptionSettings;
  readonly #parts: SubscriptionParts;
  #isOpen = false;
  /** Number of the last event that was read from the ring; undefined once events are taken as they come. */
  #readTo: number | undefined;
  /** Of the last event that was taken as it came. */
  #lastSeq = 0;
  #heldBack: HeldBack | undefined;
  /** Of the values that were held back, the latest of each node and type. */
  readonly #coalesced = new Map<number, ValueEvent>();
  readonly #lastSentAt = new Map<number, number>();
  readonly #postponed = new Map<number, Postponed>();
  #cancelTimer: CancelTimer | undefined;

  /** It gives the events after number `after`, once it is opened. */
  constructor(settings: SubscriptionSettings, after: number, parts: SubscriptionParts) {
    this.id = settings.id;
    this.#settings = settings;
    this.#readTo = after;
    this.#parts = parts;
  }

  /** Values that wait for the client to catch up, or for their interval. */
  get heldBack(): number {
    return this.#coalesced.size + this.#postponed.size;
  }

  /** An event as it comes; what the ring is still read for will be read there. */
  onEvent(event: HubEvent): void {
    if (this.#readTo !== undefined) return;
    if (event.seq > this.#lastSeq + 1) this.#tellGap(unusedBetween(this.#lastSeq, event.seq));
    this.#lastSeq = event.seq;
    this.#take(event);
  }

  /** The reply is out: events may follow. */
  open(): void {
    this.#isOpen = true;
    this.#readRing();
  }

  /** The client has caught up: tells what it missed, then the latest of the values that were held back. */
  onCaughtUp(): void {
    if (this.#readTo === undefined) this.#giveHeldBack();
    else this.#readRing();
    if (!this.#cancelTimer) this.#sendDue();
  }

  close(): void {
    this.#isOpen = false;
    this.#cancelTimer?.();
  }

  #readRing(): void {
    while (this.#isOpen && this.#readTo !== undefined && !this.#parts.isBehind()) {
      const { events, gone } = this.#parts.hub.feed.replay(this.#readTo, READ_AT_ONCE);
      if (gone?.to) this.#tellGone(gone.from, gone.to);
      if (events.length === 0) this.#onReadAll();
      else this.#takeWhileRead(events);
    }
  }

  #onReadAll(): void {
    this.#readTo = undefined;
    this.#lastSeq = this.#parts.hub.feed.lastSeq();
  }

  #tellGone(from: number, to: number): void {
    const dropped = to - from + 1;
    this.#parts.tally.dropped += dropped;
    this.#tellGap({ from, to, dropped, coalesced: 0 });
  }

  #takeWhileRead(events: readonly HubEvent[]): void {
    for (const event of events) {
      if (this.#parts.isBehind()) return;
      this.#readTo = event.seq;
      this.#take(event);
    }
  }

  #take(event: HubEvent): void {
    if (!passesFilter(this.#settings.filter, event)) return;
    if (event.kind === 'value' && this.#settings.minIntervalMs > 0) this.#takeTurn(event);
    else this.#push(event);
  }

  #push(event: HubEvent): void {
    if (this.#heldBack || this.#parts.isBehind()) this.#holdBack(event);
    else this.#parts.send(eventNotification(this.id, event));
  }

  #holdBack(event: HubEvent): void {
    this.#heldBack ??= { from: event.seq, to: event.seq, dropped: 0, coalesced: 0 };
    this.#heldBack.to = Math.max(this.#heldBack.to, event.seq);
    if (event.kind !== 'value') {
      this.#heldBack.dropped++;
      this.#parts.tally.dropped++;
      return;
    }
    const key = keyOf(event);
    if (this.#coalesced.has(key)) {
      this.#heldBack.coalesced++;
      this.#parts.tally.coalesced++;
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
      if (this.#parts.isBehind()) {
        this.#holdRest(isLossy ? to + 1 : event.seq, to);
        return;
      }
      this.#coalesced.delete(keyOf(event));
      this.#parts.send(eventNotification(this.id, event));
    }
  }

  /** Values are left over. `from`: the first number that no notice has told. */
  #holdRest(from: number, to: number): void {
    this.#heldBack = { from, to, dropped: 0, coalesced: 0 };
  }

  #tellGap(gap: HeldBack): void {
    this.#parts.send(notification('gap', { subscription: this.id, ...gap }));
  }

  /** The first value of a node and type goes at once; then the latest, once an interval. */
  #takeTurn(event: ValueEvent): void {
    const key = keyOf(event);
    const now = this.#parts.clock.monotonic();
    const dueAt = (this.#lastSentAt.get(key) ?? Number.NEGATIVE_INFINITY) + this.#settings.minIntervalMs;
    if (dueAt <= now && !this.#postponed.has(key)) {
      this.#lastSentAt.set(key, now);
      this.#push(event);
      return;
    }
    this.#postponed.set(key, { event, dueAt });
    this.#cancelTimer ??= this.#parts.clock.after(dueAt - now, () => this.#sendDue());
  }

  /** What is due while the client is behind waits until it has caught up. */
  #sendDue(): void {
    this.#cancelTimer = undefined;
    const now = this.#parts.clock.monotonic();
    for (const { event, dueAt } of [...this.#postponed.values()].sort(bySeq)) {
      if (this.#parts.isBehind()) return;
      if (dueAt > now) continue;
      this.#postponed.delete(keyOf(event));
      this.#lastSentAt.set(keyOf(event), now);
      this.#push(event);
    }
    if (this.#postponed.size > 0) this.#sendLater(now);
  }

  #sendLater(now: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#postponed.values()) next = Math.min(next, dueAt);
    this.#cancelTimer = this.#parts.clock.after(next - now, () => this.#sendDue());
  }
}

function bySeq(a: Postponed, b: Postponed): number {
  return a.event.seq - b.event.seq;
}

/** A number, since there are many: the id of a type is two bytes at most. */
function keyOf({ node, type }: ValueEvent): number {
  return node * 0x10000 + type.id;
}

/** A JSON-RPC notification. */
export function notification(method: string, params: object): string {
  return `{"jsonrpc":"2.0","method":"${method}","params":${JSON.stringify(params)}}`;
}

/** Events are told to many: each is made into JSON once. */
const eventTexts = new WeakMap<HubEvent, string>();

function eventNotification(subscription: string, event: HubEvent): string {
  let text = eventTexts.get(event);
  if (text === undefined) {
    text = JSON.stringify(describeEvent(event));
    eventTexts.set(event, text);
  }
  return `{"jsonrpc":"2.0","method":"event","params":{"subscription":"${subscription}","event":${text}}}`;
}
