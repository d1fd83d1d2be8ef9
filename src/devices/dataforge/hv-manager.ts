/**
 * One supply: a command loop, which carries out one command at a time, and a reading loop, both on a `VoltageSource`.
 *
 * A command: write the set point, wait until it has settled, and then, if asked to, look at the voltage each second until it
 * is close enough or the time is over. In either case the set point stays.
 */
import type { Clock } from '../../base/clock.js';
import type { LinkStatus } from '../../link/link-keeper.js';
import { type SetProgress, SupplyError, type VoltageSource } from './voltage-source.js';
import { wait } from './waiting.js';

export interface HvManagerSettings {
  /** After a set point was written. */
  readonly settleMs: number;
  /** From one reading to the next. */
  readonly pollMs: number;
  /** V; a set point beyond ± this is refused. */
  readonly maxVoltage: number | undefined;
}

export interface HvManagerOptions {
  readonly source: VoltageSource;
  readonly clock: Clock;
  readonly settings: HvManagerSettings;
  readonly onStatus: (status: LinkStatus) => void;
  readonly onReading: (volts: number) => void;
  readonly onSetpoint: (volts: number) => void;
}

export interface HvCommand {
  readonly volts: number;
  readonly check?: { readonly maxErrorVolts: number; readonly timeoutMs: number } | undefined;
}

/** `error`: measured minus asked, V; both are missing if nothing was measured in time. */
export interface HvResult {
  readonly status: 'ok' | 'timeout';
  readonly voltage?: number;
  readonly error?: number;
}

const LOOK_EVERY_MS = 1000;
/** Pause of the reading loop after a reading that failed. */
const FAILED_PAUSE_MS = 1000;

export class HvManager {
  readonly #options: HvManagerOptions;
  #isBusy = false;
  /** Ends the reading loop; there is one while the source is up. */
  #reading: AbortController | undefined;
  #last: { readonly volts: number; readonly begunAt: number } | undefined;
  #counts = { readings: 0, readingsFailed: 0, commands: 0, busy: 0, overVoltage: 0 };

  constructor(options: HvManagerOptions) {
    this.#options = options;
  }

  counters() {
    return { ...this.#counts, ...this.#options.source.counters() };
  }

  start(): void {
    this.#options.source.start((status) => this.#onStatus(status));
  }

  async stop(): Promise<void> {
    this.#reading?.abort();
    this.#reading = undefined;
    await this.#options.source.stop();
  }

  /**
   * Throws a `SupplyError` at once: `deviceBusy` while another one runs, `rejectedByDevice` for too high a voltage. Rejects
   * with one later, or with `Aborted` when the signal aborts.
   */
  begin(command: HvCommand, progress: SetProgress): Promise<HvResult> {
    this.#refuse(command);
    return this.#carryOut(command, progress);
  }

  async #carryOut(command: HvCommand, progress: SetProgress): Promise<HvResult> {
    this.#isBusy = true;
    this.#counts.commands++;
    try {
      return await this.#setAndLook(command, progress);
    } finally {
      this.#isBusy = false;
    }
  }

  #refuse({ volts }: HvCommand): void {
    const { maxVoltage = Number.POSITIVE_INFINITY } = this.#options.settings;
    if (!(Math.abs(volts) <= maxVoltage)) {
      this.#counts.overVoltage++;
      throw new SupplyError('rejectedByDevice', `${volts} V is beyond the limit of ${maxVoltage} V`);
    }
    if (!this.#isBusy) return;
    this.#counts.busy++;
    throw new SupplyError('deviceBusy', 'HV server is busy');
  }

  async #setAndLook({ volts, check }: HvCommand, progress: SetProgress): Promise<HvResult> {
    const { source, clock, settings, onSetpoint } = this.#options;
    const begunAt = clock.monotonic();
    await source.set(volts, progress);
    onSetpoint(volts);
    const setAt = clock.monotonic();
    await wait(clock, Math.max(0, begunAt + settings.settleMs - setAt), progress.signal);
    if (!check) return { status: 'ok' };
    return this.#lookUntil({ volts, setAt, ...check }, progress);
  }

  async #lookUntil(
    {
      volts,
      setAt,
      maxErrorVolts,
      timeoutMs,
    }: { volts: number; setAt: number; maxErrorVolts: number; timeoutMs: number },
    { signal, onWaiting }: SetProgress,
  ): Promise<HvResult> {
    const { clock } = this.#options;
    const firstLookAt = clock.monotonic();
    for (;;) {
      const voltage = this.#look(setAt);
      const seen = voltage === undefined ? {} : { voltage, error: voltage - volts };
      if (voltage !== undefined && Math.abs(voltage - volts) <= maxErrorVolts)
        return { status: 'ok', ...seen };
      if (clock.monotonic() - firstLookAt >= timeoutMs) return { status: 'timeout', ...seen };
      onWaiting(voltage === undefined ? 'no reading yet' : `at ${voltage.toFixed(1)} V of ${volts} V`);
      await wait(clock, LOOK_EVERY_MS, signal);
    }
  }

  /** A reading that began before the set point was written says nothing about it. */
  #look(setAt: number): number | undefined {
    const { source } = this.#options;
    if (source.present) return source.present();
    return this.#last && this.#last.begunAt > setAt ? this.#last.volts : undefined;
  }

  #onStatus(status: LinkStatus): void {
    this.#options.onStatus(status);
    const isUp = status.state === 'up';
    if (isUp && !this.#reading) {
      this.#reading = new AbortController();
      void this.#readOn(this.#reading.signal);
    } else if (!isUp) {
      this.#reading?.abort();
      this.#reading = undefined;
    }
  }

  /** Ends when the signal aborts. */
  async #readOn(signal: AbortSignal): Promise<void> {
    const { clock, settings, source } = this.#options;
    let pauseMs = source.isPushed ? 0 : settings.pollMs;
    while (!signal.aborted) {
      if (pauseMs > 0) await wait(clock, pauseMs, signal).catch(() => {});
      if (signal.aborted) return;
      const begunAt = clock.monotonic();
      const isRead = await this.#readOnce(begunAt, signal);
      const spentMs = clock.monotonic() - begunAt;
      if (!isRead) pauseMs = FAILED_PAUSE_MS;
      else pauseMs = source.isPushed ? 0 : Math.max(0, settings.pollMs - spentMs);
    }
  }

  async #readOnce(begunAt: number, signal: AbortSignal): Promise<boolean> {
    try {
      const volts = await this.#options.source.read();
      if (signal.aborted) return false;
      this.#counts.readings++;
      this.#last = { volts, begunAt };
      this.#options.onReading(volts);
      return true;
    } catch {
      this.#counts.readingsFailed++;
      return false;
    }
  }
}
