/**
 * Two instruments that speak SCPI over TCP: a calibrator, whose output of 0 to 10 V drives the supply, and a voltmeter
 * on a divider.
 *
 *     calibrator   OPER; then OUT <x> V     x = (volts - scale_b) / scale_a, held to 0 … 10
 *     voltmeter    *RST, CONF …, then READ? → a number about 4 s later; volts = number × divider
 */
import type { Clock } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import type { Link, OpenLink } from '../../link/link.js';
import { LinkKeeper, type LinkStatus } from '../../link/link-keeper.js';
import { NextValue } from './next-value.js';
import { type SetProgress, SupplyError, type VoltageSource } from './voltage-source.js';
import { wait } from './waiting.js';

export interface ScpiSettings {
  readonly scaleA: number;
  readonly scaleB: number;
  readonly divider: number;
}

export interface ScpiOptions {
  readonly openMeter: OpenLink;
  readonly openCalibrator: OpenLink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: ScpiSettings;
}

const METER_INIT = [
  '*RST',
  'CONF:VOLT:DC 10,0.00001',
  'DET:BAND 3',
  'INP:IMP:AUTO ON',
  'VOLT:NPLC 100',
] as const;
const METER_INIT_PAUSE_MS = 1000;
const CALIBRATOR_INIT = 'OPER';
const CALIBRATOR_INIT_MS = 2000;
/** A reading of 100 power line cycles, with auto zero, takes 4 s. */
const READ_TIMEOUT_MS = 15_000;
/** What the calibrator can put out. */
const MAX_OUTPUT = 10;
const OUTPUT_DIGITS = 7;
/** An answer is a number; whatever is longer is noise. */
const MAX_LINE = 256;

export class ScpiSource implements VoltageSource {
  readonly description = 'high-voltage supply: SCPI voltmeter and calibrator';
  readonly #options: ScpiOptions;
  readonly #meter: LinkKeeper;
  readonly #calibrator: LinkKeeper;
  readonly #answer: NextValue<number>;
  #meterLink: Link | undefined;
  #calibratorLink: Link | undefined;
  /** Ends the sequence of first commands of a link that is lost. */
  #meterInit: AbortController | undefined;
  #calibratorInit: AbortController | undefined;
  #rest = '';
  #counts = { badAnswers: 0, readTimeouts: 0 };
  #onStatus: (status: LinkStatus) => void = () => {};

  constructor(options: ScpiOptions) {
    const { clock, random, openMeter, openCalibrator } = options;
    this.#options = options;
    this.#answer = new NextValue(clock);
    const onStatus = () => this.#reportStatus();
    this.#meter = new LinkKeeper(
      { openLink: openMeter, clock, random },
      {
        onBytes: (chunk) => this.#onMeterBytes(chunk),
        onOpened: (link) => this.#onMeter(link),
        onLost: () => this.#onMeterLost(),
        onStatus,
      },
    );
    this.#calibrator = new LinkKeeper(
      { openLink: openCalibrator, clock, random },
      {
        onBytes: () => {},
        onOpened: (link) => this.#onCalibrator(link),
        onLost: () => this.#onCalibratorLost(),
        onStatus,
      },
    );
  }

  counters() {
    return { ...this.#counts };
  }

  start(onStatus: (status: LinkStatus) => void): void {
    this.#onStatus = onStatus;
    this.#meter.start();
    this.#calibrator.start();
  }

  async stop(): Promise<void> {
    this.#onStatus = () => {};
    this.#onMeterLost();
    this.#onCalibratorLost();
    await Promise.all([this.#meter.stop(), this.#calibrator.stop()]);
  }

  async set(volts: number, _progress: SetProgress): Promise<void> {
    const { scaleA, scaleB } = this.#options.settings;
    const output = Math.max(0, Math.min(MAX_OUTPUT, (volts - scaleB) / scaleA));
    const link = this.#calibratorLink;
    if (!link) throw new SupplyError('noLink', 'no link to the calibrator');
    try {
      await link.write(line(`OUT ${output.toFixed(OUTPUT_DIGITS)} V`));
    } catch (error) {
      throw new SupplyError('deviceFault', `the calibrator can't be written to: ${errorText(error)}`);
    }
  }

  async read(): Promise<number> {
    const link = this.#meterLink;
    if (!link) throw new SupplyError('noLink', 'no link to the voltmeter');
    const answer = this.#answer.next(READ_TIMEOUT_MS);
    const [reading] = await Promise.all([answer, link.write(line('READ?'))]).catch((error: unknown) => {
      this.#counts.readTimeouts++;
      void this.#meter.reopen();
      throw error;
    });
    return reading * this.#options.settings.divider;
  }

  /** The link of both: up when both are. */
  #reportStatus(): void {
    const statuses = [this.#meter.status, this.#calibrator.status];
    const lost = statuses.find(({ state }) => state === 'backingOff' || state === 'absent');
    const worst = lost ?? statuses.find(({ state }) => state !== 'up');
    this.#onStatus(worst ?? this.#meter.status);
  }

  #onMeter(link: Link): void {
    this.#rest = '';
    this.#meterInit = new AbortController();
    void this.#initMeter(link, this.#meterInit.signal);
  }

  /** A link that can't be written to reports its own end. */
  async #initMeter(link: Link, signal: AbortSignal): Promise<void> {
    try {
      for (const command of METER_INIT) {
        await link.write(line(command));
        await wait(this.#options.clock, METER_INIT_PAUSE_MS, signal);
      }
      this.#meterLink = link;
      this.#meter.onHeard();
    } catch {
      this.#meterLink = undefined;
    }
  }

  #onCalibrator(link: Link): void {
    this.#calibratorInit = new AbortController();
    void this.#initCalibrator(link, this.#calibratorInit.signal);
  }

  async #initCalibrator(link: Link, signal: AbortSignal): Promise<void> {
    try {
      await link.write(line(CALIBRATOR_INIT));
      await wait(this.#options.clock, CALIBRATOR_INIT_MS, signal);
      this.#calibratorLink = link;
      this.#calibrator.onHeard();
    } catch {
      this.#calibratorLink = undefined;
    }
  }

  #onMeterLost(): void {
    this.#meterInit?.abort();
    this.#meterLink = undefined;
    this.#answer.fail(new Error('the link to the voltmeter was lost'));
  }

  #onCalibratorLost(): void {
    this.#calibratorInit?.abort();
    this.#calibratorLink = undefined;
  }

  #onMeterBytes(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const text of lines) this.#onAnswer(text.trim());
  }

  /** An answer that comes too late is dropped with the one that is not a number. */
  #onAnswer(text: string): void {
    const isNumber = /^[+-]?\d{1,20}(?:\.\d{1,30})?(?:E[+-]?\d{1,3})?$/i.test(text);
    if (!isNumber || !this.#answer.offer(Number(text))) this.#counts.badAnswers++;
  }
}

function line(command: string): Buffer {
  return Buffer.from(`${command}\n`, 'latin1');
}
