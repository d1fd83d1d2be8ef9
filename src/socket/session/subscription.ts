/**
 * One subscription of a session: a filter, a least interval for values, and what is done when the client reads too
 * slowly. Then values are coalesced to the latest of each node and type, other events are left out, and one `gap`
 * notice tells the range; nothing is missing without a word.
 */
import type { CancelTimer, Clock } from '../../clock.js';
import type { HubEvent } from '../../network/hub.js';
import { describeEvent } from './describe.js';
import { type EventFilter, passesFilter } from './event-filter.js';

export interface SubscriptionSettings {
  readonly id: string;
  readonly filter: EventFilter;
  /** ms between two values of one node and type; 0 = every value. */
  readonly minIntervalMs: number;
}

export interface SubscriptionParts {
  readonly clock: Clock;
  /** True while the client has more unread than it may. */
  readonly isBehind: () => boolean;
  /** Hands a whole JSON-RPC message to the client. */
  readonly send: (text: string) => void;
}

type ValueEvent = Extract<HubEvent, { kind: 'value' }>;

interface Gap {
  from: number;
  to: number;
  dropped: number;
  coalesced: number;
}

export class Subscription {
  readonly id: string;
  readonly #settings: SubscriptionSettings;
  readonly #parts: SubscriptionParts;
  /** Events from before the reply to `subscribe` was sent; undefined from then on. */
  #held: HubEvent[] | undefined = [];
  #gap: Gap | undefined;
  readonly #coalesced = new Map<string, ValueEvent>();
  readonly #lastSentAt = new Map<string, number>();
  readonly #postponed = new Map<string, ValueEvent>();
  #cancelTimer: CancelTimer | undefined;

  constructor(settings: SubscriptionSettings, parts: SubscriptionParts) {
    this.id = settings.id;
    this.#settings = settings;
    this.#parts = parts;
  }

  onEvent(event: HubEvent): void {
    if (!passesFilter(this.#settings.filter, event)) return;
    if (this.#held) this.#held.push(event);
    else if (event.kind === 'value' && this.#settings.minIntervalMs > 0) this.#takeTurn(event);
    else this.#push(event);
  }

  /** The reply is out: gives what is replayed, then what has come meanwhile, and goes on live. */
  open(replayed: readonly HubEvent[]): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of [...replayed, ...held]) this.onEvent(event);
  }

  /** The client has caught up: tells what it missed, then the latest of the values that were held back. */
  onCaughtUp(): void {
    if (!this.#gap) return;
    const values = [...this.#coalesced.values()].sort((a, b) => a.seq - b.seq);
    this.#parts.send(notification('gap', { subscription: this.id, ...this.#gap }));
    this.#gap = undefined;
    this.#coalesced.clear();
    for (const event of values) this.#push(event);
  }

  close(): void {
    this.#cancelTimer?.();
  }

  #push(event: HubEvent): void {
    if (this.#gap || this.#parts.isBehind()) this.#holdBack(event);
    else this.#parts.send(eventNotification(this.id, event));
  }

  #holdBack(event: HubEvent): void {
    this.#gap ??= { from: event.seq, to: event.seq, dropped: 0, coalesced: 0 };
    this.#gap.to = Math.max(this.#gap.to, event.seq);
    if (event.kind !== 'value') {
      this.#gap.dropped++;
      return;
    }
    const key = keyOf(event);
    if (this.#coalesced.has(key)) this.#gap.coalesced++;
    this.#coalesced.set(key, event);
  }

  /** The first value of a node and type goes at once; then the latest, once an interval. */
  #takeTurn(event: ValueEvent): void {
    const key = keyOf(event);
    const sentAt = this.#lastSentAt.get(key) ?? Number.NEGATIVE_INFINITY;
    const now = this.#parts.clock.monotonic();
    if (now - sentAt >= this.#settings.minIntervalMs && !this.#postponed.has(key)) {
      this.#lastSentAt.set(key, now);
      this.#push(event);
      return;
    }
    this.#postponed.set(key, event);
    this.#cancelTimer ??= this.#parts.clock.after(this.#settings.minIntervalMs, () => this.#sendPostponed());
  }

  #sendPostponed(): void {
    this.#cancelTimer = undefined;
    const values = [...this.#postponed.values()].sort((a, b) => a.seq - b.seq);
    this.#postponed.clear();
    for (const event of values) {
      this.#lastSentAt.set(keyOf(event), this.#parts.clock.monotonic());
      this.#push(event);
    }
  }
}

function keyOf({ node, type }: ValueEvent): string {
  return `${node}:${type.id}`;
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
