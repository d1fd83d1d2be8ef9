/** Follows messages and commands through their stages, which the hub publishes as events. */
import type { Delivery } from '../../../hub/deliveries.js';
import type { Hub } from '../../../hub/hub.js';

const ENDED: ReadonlySet<string> = new Set(['answered', 'failed', 'completed', 'aborted']);

export class DeliveryFollower {
  readonly #unsubscribe: () => void;
  readonly #followed = new Map<string, (delivery: Delivery) => void>();

  constructor(hub: Hub) {
    this.#unsubscribe = hub.feed.subscribe((event) => {
      if (event.kind === 'delivery') this.#onStage(event.delivery);
    });
  }

  /** Calls `onStage` with the present stage at once, and with each later one. Returns a function that stops it. */
  follow(delivery: Delivery, onStage: (delivery: Delivery) => void): () => void {
    if (!ENDED.has(delivery.stage)) this.#followed.set(delivery.id, onStage);
    onStage(delivery);
    return () => this.#followed.delete(delivery.id);
  }

  close(): void {
    this.#unsubscribe();
    this.#followed.clear();
  }

  #onStage(delivery: Delivery): void {
    const onStage = this.#followed.get(delivery.id);
    if (ENDED.has(delivery.stage)) this.#followed.delete(delivery.id);
    onStage?.(delivery);
  }
}
