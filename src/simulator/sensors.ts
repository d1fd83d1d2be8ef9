import type { Random } from './random.js';

const HOUR_MS = 3_600_000;
/** The virtual day starts at 9:00, independent of the host clock: same seed, same traffic. */
const STARTS_AT_HOUR = 9;
const WARMEST_HOUR = 15;

/** Volts of a 12 V lithium battery, when full and when replaced. */
const FULL_VOLTS = 12.6;
const EMPTY_VOLTS = 10.8;

/** A device's own measurements. */
export class Sensors {
  readonly #random: Random;
  readonly #batteryLifeMs: number;
  readonly #batteryAgeMs: number;
  readonly #warmth: number;

  constructor(random: Random) {
    this.#random = random;
    this.#batteryLifeMs = random.between(5, 9) * HOUR_MS;
    this.#batteryAgeMs = random.between(0, 0.5) * this.#batteryLifeMs;
    this.#warmth = random.gaussian(0, 1);
  }

  /** Volts; falls over some hours, then the battery is replaced. */
  batteryAt(ms: number): number {
    const used = ((this.#batteryAgeMs + ms) / this.#batteryLifeMs) % 1;
    return FULL_VOLTS - (FULL_VOLTS - EMPTY_VOLTS) * used + this.#random.gaussian(0, 0.004);
  }

  /** Degrees Celsius; follows the day. */
  temperatureAt(ms: number): number {
    const hour = STARTS_AT_HOUR + ms / HOUR_MS;
    const day = Math.cos((2 * Math.PI * (hour - WARMEST_HOUR)) / 24);
    return 15 + this.#warmth + 7 * day + this.#random.gaussian(0, 0.1);
  }
}
