import { FeedReader } from '../hub/feed-reader.js';
import type { HubEvent } from '../hub/hub.js';
import { SessionError } from './errors.js';
import type { EventCriteria } from './event-filter.js';
import { Subscription, type SubscriptionOptions } from './subscription.js';

/** One subscription can have several filters; more are for programs with several parts. */
export const MAX_SUBSCRIPTIONS = 32;

/** The subscriptions of one session. */
export class Subscriptions {
  readonly #options: SubscriptionOptions;
  readonly #open = new Map<string, Subscription>();
  #count = 0;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** Throws `TOO_MANY_SUBSCRIPTIONS` at the limit. */
  checkRoom(): void {
    if (this.#open.size >= MAX_SUBSCRIPTIONS) throw new SessionError('TOO_MANY_SUBSCRIPTIONS');
  }

  /**
   * Adds a subscription that starts after the hub's last event, or after `since`, the client's last event; it sends
   * events once opened. `gone`: events that the hub no longer holds. Throws `TOO_MANY_SUBSCRIPTIONS`.
   */
  add(criteria: EventCriteria, since = this.#options.hub.feed.lastSeq()) {
    this.checkRoom();
    const reader = new FeedReader(this.#options.hub.feed, since);
    const gone = reader.skipGap();
    const id = String(++this.#count);
    const subscription = new Subscription(id, criteria, reader, this.#options);
    this.#open.set(subscription.id, subscription);
    return { id: subscription.id, gone, open: () => subscription.open() };
  }

  /** Throws `SUBSCRIPTION_NOT_FOUND`. */
  remove(id: string): void {
    const subscription = this.#open.get(id);
    if (!subscription) throw new SessionError('SUBSCRIPTION_NOT_FOUND', id);
    subscription.close();
    this.#open.delete(id);
  }

  onEvent(event: HubEvent): void {
    for (const subscription of this.#open.values()) subscription.onEvent(event);
  }

  /** Values held back for the client, in all subscriptions. */
  get heldBack(): number {
    let amount = 0;
    for (const subscription of this.#open.values()) amount += subscription.heldBack;
    return amount;
  }

  onCaughtUp(): void {
    for (const subscription of this.#open.values()) subscription.onCaughtUp();
  }

  close(): void {
    for (const subscription of this.#open.values()) subscription.close();
    this.#open.clear();
  }
}
