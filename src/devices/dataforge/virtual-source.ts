/**
 * The virtual block: each second the voltage moves toward the set point, by `changeSpeed` volts at most, plus uniform noise.
 * It starts at 0 V.
 */
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import type { LinkStatus } from '../../link/link-keeper.js';
import type { VoltageSource } from './voltage-source.js';

export interface VirtualSettings {
  /** V/s. */
  readonly changeSpeed: number;
  /** ± V. */
  readonly noise: number;
}

const STEP_MS = 1000;

export class VirtualSource implements VoltageSource {
  readonly description = 'virtual high-voltage supply';
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #settings: VirtualSettings;
  #setpoint = 0;
  #volts = 0;
  #cancel: CancelTimer = () => {};

  /** `random`: 0–1. */
  constructor(settings: VirtualSettings, clock: Clock, random: () => number) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  start(onStatus: (status: LinkStatus) => void): void {
    this.#cancel = every(this.#clock, STEP_MS, () => this.#step());
    onStatus({ state: 'up', since: this.#clock.now(), name: 'virtual' });
  }

  async set(volts: number): Promise<void> {
    this.#setpoint = volts;
  }

  async read(): Promise<number> {
    return this.#volts;
  }

  present(): number {
    return this.#volts;
  }

  async stop(): Promise<void> {
    this.#cancel();
  }

  counters() {
    return {};
  }

  #step(): void {
    const { changeSpeed, noise } = this.#settings;
    const missing = this.#setpoint - this.#volts;
    this.#volts += Math.max(-changeSpeed, Math.min(changeSpeed, missing)) + (2 * this.#random() - 1) * noise;
  }
}
