/** Commands to devices, from delivery events and from the gateway's list. */
import type { DeliveryInfo } from '../../api/shapes.js';

/** Commands kept, of all devices; a device's page fetches its own. */
const MAX_KEPT = 500;

const FINAL: ReadonlySet<DeliveryInfo['stage']> = new Set(['completed', 'failed', 'aborted']);

export function hasEnded({ stage }: DeliveryInfo): boolean {
  return FINAL.has(stage);
}

/** ms since the epoch, host clock. */
export function startOf({ stages }: DeliveryInfo): number {
  return stages[0]?.at ?? 0;
}

/** Time of the last stage, ms since the epoch, host clock. */
export function lastOf({ stages }: DeliveryInfo): number {
  return stages.at(-1)?.at ?? 0;
}

export class CommandLog {
  readonly #byId = new Map<string, DeliveryInfo>();

  /** Newest first. */
  of(device: string): DeliveryInfo[] {
    return [...this.#byId.values()]
      .filter((delivery) => delivery.device === device)
      .sort((a, b) => startOf(b) - startOf(a) || b.id.localeCompare(a.id, 'en', { numeric: true }));
  }

  /** A later state is never replaced by an earlier one: the list can be ahead of the events. */
  put(delivery: DeliveryInfo): void {
    const known = this.#byId.get(delivery.id);
    if (known && (hasEnded(known) || lastOf(known) > lastOf(delivery))) return;
    this.#byId.set(delivery.id, delivery);
    if (this.#byId.size > MAX_KEPT) this.#dropOldest();
  }

  #dropOldest(): void {
    const all = [...this.#byId.values()];
    const oldest = all.find(hasEnded) ?? all[0];
    if (oldest) this.#byId.delete(oldest.id);
  }
}
