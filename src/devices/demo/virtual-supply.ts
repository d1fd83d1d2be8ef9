/** A power supply with a load that changes slowly, and that heats it. No I/O, no clock. */

export const STATES = { off: 0, constantVoltage: 1, overheated: 2 } as const;

export interface Measured {
  /** V, A, °C. */
  readonly voltage: number;
  readonly current: number;
  readonly temperature: number;
  readonly state: number;
}

const START_VOLTAGE = 12;
/** The load swings between these in one period. */
const LOAD_OHM = { least: 8, greatest: 24 };
const PERIOD_S = 300;
const AMBIENT = 22;
const DEGREES_PER_WATT = 2;
/** Of warming up. */
const TIME_CONSTANT_S = 20;
/** Too hot from the first up, until below the second. */
const TOO_HOT = { from: 50, until: 45 };
const NOISE = { voltage: 0.01, current: 0.005, temperature: 0.1 };

export class VirtualSupply {
  readonly #random: () => number;
  #voltage = START_VOLTAGE;
  #temperature = AMBIENT;
  #seconds = 0;
  #isTooHot = false;

  /** `random`: 0–1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get voltage(): number {
    return this.#voltage;
  }

  get temperature(): number {
    return this.#temperature;
  }

  get isTooHot(): boolean {
    return this.#isTooHot;
  }

  set(voltage: number): void {
    this.#voltage = voltage;
  }

  reset(): void {
    this.#voltage = START_VOLTAGE;
    this.#temperature = AMBIENT;
    this.#isTooHot = false;
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    this.#seconds += seconds;
    const goal = AMBIENT + DEGREES_PER_WATT * this.#voltage * this.#current();
    this.#temperature += (goal - this.#temperature) * (1 - Math.exp(-seconds / TIME_CONSTANT_S));
    this.#isTooHot = this.#temperature >= (this.#isTooHot ? TOO_HOT.until : TOO_HOT.from);
  }

  measure(): Measured {
    const state = this.#voltage === 0 ? STATES.off : STATES.constantVoltage;
    return {
      voltage: Math.max(0, this.#voltage + this.#noise(NOISE.voltage)),
      current: Math.max(0, this.#current() + this.#noise(NOISE.current)),
      temperature: this.#temperature + this.#noise(NOISE.temperature),
      state: this.#isTooHot ? STATES.overheated : state,
    };
  }

  #current(): number {
    const swing = (1 - Math.cos((2 * Math.PI * this.#seconds) / PERIOD_S)) / 2;
    return this.#voltage / (LOAD_OHM.greatest - (LOAD_OHM.greatest - LOAD_OHM.least) * swing);
  }

  #noise(amplitude: number): number {
    return (this.#random() * 2 - 1) * amplitude;
  }
}
