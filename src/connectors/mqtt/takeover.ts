/**
 * Detects two gateways with the same id: each connection of one ends that of the other. MQTT 5 gives that as the reason
 * for a disconnect; with 3.1.1 it shows in the status topic, where the other gateway's status replaces this one's.
 */
import type { Instance } from './status.js';

/** A foreign status may be an old one that a restarted broker read from its disk: one is not proof. */
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

  /** Describes the other gateway, if known. */
  get other(): string | undefined {
    if (!this.#other) return undefined;
    const { host, pid, version } = this.#other;
    return `meshgate ${version} on ${host}, process ${pid}`;
  }

  /** The broker reports that another client took over the connection. */
  onTakenOver(): void {
    this.#isSure = true;
  }

  /** The broker has retained this gateway's own status: a different one from here on is a conflict. */
  onOwnStatusRetained(): void {
    this.#isOursRetained = true;
  }

  /** True if the other gateway is news. */
  onStatus(instance: Instance): boolean {
    if (instance.instance === this.#own.instance || !this.#isOursRetained) return false;
    this.#isOursRetained = false;
    this.#sightings++;
    this.#other = instance;
    return this.isConflict;
  }

  /** The connection is stable: the conflict is over. */
  onStable(): void {
    this.#sightings = 0;
    this.#isSure = false;
    this.#other = undefined;
  }
}
