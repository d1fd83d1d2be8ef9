import type { CancelTimer } from '../base/clock.js';
import {
  encodeData,
  encodeMessage,
  encodeText,
  type ReportedValue,
  type Tables,
} from '../protocol/message.js';
import type { MessageOpcode } from '../protocol/opcodes.js';
import { encodeValue, type Readings } from './encode-value.js';
import { type Coordinates, coordinatesOf, type Field } from './field.js';
import { BEHAVIOUR, type Generation } from './generation.js';
import { gpsReport } from './gps-report.js';
import type { Random } from './random.js';
import type { Rover } from './rover.js';
import type { Sensors } from './sensors.js';
import type { Timeline } from './timeline.js';
import type { Vocabulary } from './vocabulary.js';

/** Battery and temperature change slowly, and the exact position is large: both are sent at this longer period. */
const SLOW_PERIOD_MS = 10_000;
const SEQUENCE_MODULUS = 256;

export interface ReporterOptions {
  readonly address: number;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly rover: Rover;
  readonly sensors: Sensors;
  readonly tables: Tables;
  readonly vocabulary: Vocabulary;
  readonly field: Field;
  readonly generation: Generation;
  /** Sends a body by radio; a tracked one is retransmitted. */
  send(body: Buffer, tracked: boolean): void;
}

/**
 * A device's periodic reports.
 *
 *     D 02 | 00 sequence | 01 GPS            at its rate
 *     D 02 | 10 battery | 11 temperature     every 10 s
 *     05 position                            every 10 s
 *
 * Firmware of the first generation has no position; of the third, the update is `D 01 | 00 sequence`, and a GPS
 * report in JSON follows it. A value whose type is not in the site's data types file is left out.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #position: MessageOpcode | undefined;
  readonly #report: MessageOpcode | undefined;
  #sequence = 0;
  #cancelUpdates: CancelTimer = () => {};
  #cancelSlow: CancelTimer[] = [];

  constructor(options: ReporterOptions) {
    this.#options = options;
    const { opcodes } = options.tables;
    const { sendsPosition, gpsInUpdate } = BEHAVIOUR[options.generation];
    this.#position = sendsPosition ? opcodes.findMessageByName('Position') : undefined;
    this.#report = gpsInUpdate ? undefined : opcodes.findMessageByName('Report');
  }

  /** Starts over: the sequence at 0, and each report at its own random phase. `rateHz` as in `setRate`. */
  start(rateHz: number): void {
    this.stop();
    this.#sequence = 0;
    this.setRate(rateHz);
    this.#cancelSlow = [
      this.#every(SLOW_PERIOD_MS, () => this.#reportState()),
      this.#every(SLOW_PERIOD_MS, () => this.#reportPosition()),
    ];
  }

  stop(): void {
    this.#cancelUpdates();
    for (const cancel of this.#cancelSlow) cancel();
    this.#cancelSlow = [];
  }

  /** Sets the data updates per second; 0 = none. */
  setRate(rateHz: number): void {
    this.#cancelUpdates();
    if (rateHz > 0) this.#cancelUpdates = this.#every(1000 / rateHz, () => this.#update());
  }

  #every(periodMs: number, task: () => void): CancelTimer {
    const { timeline, random } = this.#options;
    return timeline.every(periodMs, random.between(0, periodMs), task);
  }

  #update(): void {
    const { gpsInUpdate } = BEHAVIOUR[this.#options.generation];
    this.#sendData([
      this.#value('Sequence', { sequence: this.#sequence }),
      gpsInUpdate ? this.#value('GPS', { ...this.#coordinates() }) : undefined,
    ]);
    this.#sequence = (this.#sequence + 1) % SEQUENCE_MODULUS;
    this.#reportGps();
  }

  #reportGps(): void {
    const { address, random, timeline, send } = this.#options;
    if (this.#report)
      send(encodeText(address, gpsReport(address, this.#coordinates(), timeline.now, random)), false);
  }

  #reportState(): void {
    const { sensors, timeline } = this.#options;
    const voltage = sensors.batteryAt(timeline.now);
    const temperature = sensors.temperatureAt(timeline.now);
    this.#sendData([this.#value('Battery', { voltage }), this.#value('Temperature', { temperature })]);
  }

  #reportPosition(): void {
    const { address, send } = this.#options;
    const position =
      this.#position?.storeAs && this.#value(this.#position.storeAs, { ...this.#coordinates() });
    if (this.#position && position)
      send(encodeMessage(address, this.#position.opcode, position.bytes), false);
  }

  #sendData(readings: readonly (ReportedValue | undefined)[]): void {
    const { address, vocabulary, send } = this.#options;
    const values = readings.filter((value) => value !== undefined);
    if (values.length > 0) send(encodeMessage(address, vocabulary.data, encodeData(values)), false);
  }

  #value(typeName: string, readings: Readings): ReportedValue | undefined {
    return encodeValue(this.#options.tables.dataTypes.findByName(typeName), readings);
  }

  #coordinates(): Coordinates {
    const { rover, field, timeline } = this.#options;
    return coordinatesOf(field, rover.positionAt(timeline.now));
  }
}
