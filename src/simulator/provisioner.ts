import type { EdgeDevice } from './edge-device.js';
import type { Timeline } from './timeline.js';

const FIRST_AFTER_MS = 100;
/** A few nodes come in one by one for the eye; thousands are all in within about half a minute. */
const LONGEST_INTERVAL_MS = 300;
const ALL_WITHIN_MS = 25_000;

export interface ProvisionerOptions {
  readonly timeline: Timeline;
  /** Devices that there are in all. */
  readonly devices: number;
  isRootOnline(): boolean;
  /** Carries out the provisioning, when the device answers; says whether it did. */
  reach(device: EdgeDevice, onReached: () => void): boolean;
  /** Takes it in. */
  admit(device: EdgeDevice): void;
}

/** Lets devices into the network one after another; who does not answer is tried again behind the others. */
export class Provisioner {
  readonly #options: ProvisionerOptions;
  readonly #intervalMs: number;
  readonly #waiting = new Set<EdgeDevice>();
  #busy = false;

  constructor(options: ProvisionerOptions) {
    this.#options = options;
    this.#intervalMs = Math.min(LONGEST_INTERVAL_MS, ALL_WITHIN_MS / Math.max(1, options.devices));
  }

  /** A device without a network is there. */
  offer(device: EdgeDevice): void {
    if (!device.powered || device.member) return;
    this.#waiting.add(device);
    this.wake();
  }

  /** A device has gone before its turn came. */
  withdraw(device: EdgeDevice): void {
    this.#waiting.delete(device);
  }

  /** Goes on when the root can provision. */
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
