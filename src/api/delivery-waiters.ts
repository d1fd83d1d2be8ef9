import type { CancelTimer, Clock } from '../base/clock.js';
import type { Delivery, DeliveryStage } from '../hub/deliveries.js';
import type { Hub } from '../hub/hub.js';

/** How far a caller wants to wait. */
export type WaitUntil = 'written' | 'answered' | 'accepted' | 'completed';

const REACHED: Readonly<Record<WaitUntil, ReadonlySet<DeliveryStage>>> = {
  written: new Set(['written', 'uncertain', 'answered', 'failed']),
  answered: new Set(['answered', 'failed']),
  accepted: new Set(['accepted', 'progress', 'completed', 'failed', 'aborted']),
  completed: new Set(['completed', 'failed', 'aborted']),
};

interface Waiter {
  readonly until: WaitUntil;
  readonly settle: (delivery: Delivery) => void;
  /** Settles with the current state. */
  readonly giveUp: () => void;
}

/** Waiters for stages of a session's deliveries: each event is checked once, no matter how many wait. */
export class DeliveryWaiters {
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<Waiter>>();

  constructor(hub: Hub, clock: Clock) {
    this.#hub = hub;
    this.#clock = clock;
  }

  /** Call for each stage of every delivery. */
  onStage(delivery: Delivery): void {
    for (const waiter of this.#waiting.get(delivery.id) ?? []) {
      if (REACHED[waiter.until].has(delivery.stage)) waiter.settle(delivery);
    }
  }

  /** Resolves with the delivery when it reaches the stage, fails, or times out. */
  wait(delivery: Delivery, until: WaitUntil, timeoutMs: number): Promise<Delivery> {
    const now = this.#hub.commands.findDelivery(delivery.id) ?? delivery;
    if (REACHED[until].has(now.stage)) return Promise.resolve(now);
    return new Promise((resolve) => {
      let cancel: CancelTimer = () => {};
      const waiter: Waiter = {
        until,
        settle: (reached) => {
          cancel();
          this.#forget(delivery.id, waiter);
          resolve(reached);
        },
        giveUp: () => waiter.settle(this.#hub.commands.findDelivery(delivery.id) ?? delivery),
      };
      cancel = this.#clock.after(timeoutMs, waiter.giveUp);
      this.#waiting.set(delivery.id, (this.#waiting.get(delivery.id) ?? new Set()).add(waiter));
    });
  }

  /** Settles all waiters with the current state: the session has ended. */
  close(): void {
    for (const waiters of this.#waiting.values()) {
      for (const waiter of waiters) waiter.giveUp();
    }
  }

  #forget(id: string, waiter: Waiter): void {
    const waiters = this.#waiting.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiting.delete(id);
  }
}
