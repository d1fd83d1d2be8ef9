import type { EdgeDevice } from './edge-device.js';
import type { Timeline } from './timeline.js';

const FIRST_AFTER_MS = 100;
/** A few nodes join one by one, visibly; thousands join within about half a minute. */
const LONGEST_INTERVAL_MS = 300;
const ALL_WITHIN_MS = 25_000;

export interface ProvisionerOptions {
  readonly timeline: Timeline;
  /** Total number of devices. */
  readonly devices: number;
  isRootOnline(): boolean;
  /** Contacts a device; returns whether it answers. */
  reach(device: EdgeDevice, onReached: () => void): boolean;
  /** Adds it to the network. */
  admit(device: EdgeDevice): void;
}

/** Provisions devices one after another; a device that does not answer is retried after the others. */
export class Provisioner {
  readonly #options: ProvisionerOptions;
  readonly #intervalMs: number;
  readonly #waiting = new Set<EdgeDevice>();
  #busy = false;

  constructor(options: ProvisionerOptions) {
    this.#options = options;
    this.#intervalMs = Math.min(LONGEST_INTERVAL_MS, ALL_WITHIN_MS / Math.max(1, options.devices));
  }

  /** Queues a device that is not in the network. */
  offer(device: EdgeDevice): void {
    if (!device.powered || device.member) return;
    this.#waiting.add(device);
    this.wake();
  }

  /** Removes a device from the queue. */
  withdraw(device: EdgeDevice): void {
    this.#waiting.delete(device);
  }

  /** Continues when the root can provision. */
  wake(): void {
    if (this.#busy || this.#waiting.size === 0 || !this.#options.isRootOnline()) return;
    this.#busy = true;
    this.#options.timeline.after(FIRST_AFTER_MS, () => this.#provisionNext());
  }

  #provisionNext(): void {
    const [device] = this.#waiting;
    if (!device || !this.#options.isRootOnline()) {
      this.#busy = false;
      return;
    }
    this.#waiting.delete(device);
    if (!this.#options.reach(device, () => this.#onReached(device))) this.offer(device);
    this.#options.timeline.after(this.#intervalMs, () => this.#provisionNext());
  }

  #onReached(device: EdgeDevice): void {
    if (!device.powered || device.member) return;
    if (this.#options.isRootOnline()) this.#options.admit(device);
    else this.offer(device);
  }
}
