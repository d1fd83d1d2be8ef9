import type { CancelTimer } from '../clock.js';
import { encodeData, encodeMessage, type ReportedValue, type Tables } from '../protocol/message.js';
import type { MessageOpcode } from '../protocol/opcodes.js';
import { encodeValue, type Readings } from './encode-value.js';
import { coordinatesOf, type Field } from './field.js';
import type { Random } from './random.js';
import type { Rover } from './rover.js';
import type { Sensors } from './sensors.js';
import type { Timeline } from './timeline.js';
import type { Vocabulary } from './vocabulary.js';

/** Battery and temperature change slowly; the exact position is large: both go out this seldom. */
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
  /** Data updates a second; 0 is none. */
  readonly rateHz: number;
  /** Hands a body to the radio; a tracked one is retransmitted. */
  send(body: Buffer, tracked: boolean): void;
}

/**
 * What a device reports by itself.
 *
 *     D 02 | 00 sequence | 01 GPS            at its rate
 *     D 02 | 10 battery | 11 temperature     every 10 s
 *     05 position                            every 10 s
 *
 * A value whose type is not in the site's data types file is left out.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #position: MessageOpcode | undefined;
  #sequence = 0;
  #cancelUpdates: CancelTimer = () => {};
  #cancelSlow: CancelTimer[] = [];

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#position = options.tables.opcodes.findMessageByName('Position');
  }

  /** From the beginning: the sequence at 0, each report at a moment of its own. */
  start(): void {
    this.stop();
    this.#sequence = 0;
    this.setRate(this.#options.rateHz);
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

  /** Data updates a second from now on; 0 is none. */
  setRate(rateHz: number): void {
    this.#cancelUpdates();
    if (rateHz > 0) this.#cancelUpdates = this.#every(1000 / rateHz, () => this.#update());
  }

  #every(periodMs: number, task: () => void): CancelTimer {
    const { timeline, random } = this.#options;
    return timeline.every(periodMs, random.between(0, periodMs), task);
  }

  #update(): void {
    this.#sendData([
      this.#value('Sequence', { sequence: this.#sequence }),
      this.#value('GPS', this.#where()),
    ]);
    this.#sequence = (this.#sequence + 1) % SEQUENCE_MODULUS;
  }

  #reportState(): void {
    const { sensors, timeline } = this.#options;
    const voltage = sensors.batteryAt(timeline.now);
    const temperature = sensors.temperatureAt(timeline.now);
    this.#sendData([this.#value('Battery', { voltage }), this.#value('Temperature', { temperature })]);
  }

  #reportPosition(): void {
    const { address, send } = this.#options;
    const position = this.#position?.storeAs && this.#value(this.#position.storeAs, this.#where());
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

  #where(): Readings {
    const { rover, field, timeline } = this.#options;
    return { ...coordinatesOf(field, rover.positionAt(timeline.now)) };
  }
}
