import type { Hub, HubEvent } from '../../network/hub.js';
import { SessionError } from './errors.js';
import { Subscription, type SubscriptionParts, type SubscriptionSettings } from './subscription.js';

/** A client filters in one subscription; several are for programs with several parts. */
const MAX_SUBSCRIPTIONS = 32;

/** The subscriptions of one session. */
export class Subscriptions {
  readonly #hub: Hub;
  readonly #parts: SubscriptionParts;
  readonly #open = new Map<string, Subscription>();
  #count = 0;

  constructor(hub: Hub, parts: SubscriptionParts) {
    this.#hub = hub;
    this.#parts = parts;
  }

  /**
   * Begins one; it takes events from here on, and gives them once it is opened. Throws `TOO_MANY_SUBSCRIPTIONS`.
   * `since`: the number of the last event that the client has, if it wants to resume.
   */
  add(settings: Omit<SubscriptionSettings, 'id'>, since: number | undefined) {
    if (this.#open.size >= MAX_SUBSCRIPTIONS) throw new SessionError('TOO_MANY_SUBSCRIPTIONS');
    const subscription = new Subscription({ ...settings, id: String(++this.#count) }, this.#parts);
    this.#open.set(subscription.id, subscription);
    const { events, gone } = since === undefined ? { events: [], gone: undefined } : this.#hub.replay(since);
    return { id: subscription.id, gone, open: () => subscription.open(events) };
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

  onCaughtUp(): void {
    for (const subscription of this.#open.values()) subscription.onCaughtUp();
  }

  close(): void {
    for (const subscription of this.#open.values()) subscription.close();
    this.#open.clear();
  }
}
