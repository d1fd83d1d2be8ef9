/**
 * Two gateways with the same id: each connection of one ends that of the other. MQTT 5 says so when it ends a
 * connection; with 3.1.1 it shows in the status topic, where another gateway's status stands in place of one's own.
 */
import type { Instance } from './status.js';

/** A status that is not ours may be an old one that a restarted broker found on its disk: once is no proof. */
const SIGHTINGS_UNTIL_SURE = 2;

export class TakeoverWatch {
  readonly #own: Instance;
  #isOursRetained = false;
  #sightings = 0;
  #isSure = false;
  #other: Instance | undefined;

  constructor(own: Instance) {
    this.#own = own;
  }

  /** Another gateway uses this one's id. */
  get isConflict(): boolean {
    return this.#isSure || this.#sightings >= SIGHTINGS_UNTIL_SURE;
  }

  /** Who it is, where it has said so. */
  get other(): string | undefined {
    if (!this.#other) return undefined;
    const { host, pid, version } = this.#other;
    return `meshgate ${version} on ${host}, process ${pid}`;
  }

  /** The broker says that another client has taken the connection over. */
  onTakenOver(): void {
    this.#isSure = true;
  }

  /** The broker has this gateway's own status: from now on no other should stand there. */
  onOwnStatusRetained(): void {
    this.#isOursRetained = true;
  }

  /** True when this says something new. */
  onStatus(instance: Instance): boolean {
    if (instance.instance === this.#own.instance || !this.#isOursRetained) return false;
    this.#isOursRetained = false;
    this.#sightings++;
    this.#other = instance;
    return this.isConflict;
  }

  /** The connection has lasted: whatever it was is over. */
  onLasting(): void {
    this.#sightings = 0;
    this.#isSure = false;
    this.#other = undefined;
  }
}
