import type { CancelTimer } from '../base/clock.js';
import { UUID_LENGTH } from '../protocol/address.js';
import { encodeMessage, encodeText, type ListedNode } from '../protocol/message.js';
import type { Field, Point } from './field.js';
import { FieldTest } from './field-test.js';
import { Random } from './random.js';
import { Reporter, type ReporterOptions } from './reporter.js';
import { Rover } from './rover.js';
import { Sensors } from './sensors.js';
import type { Timeline } from './timeline.js';
import type { Vocabulary } from './vocabulary.js';

/** First bytes of every edge device's uuid. */
const UUID_PREFIX = Buffer.of(0x32, 0x10);
const ROBOT_REQUEST = Buffer.of(0x00);

const CONFIGURED_AFTER_MS = { min: 60, max: 120 };
const RESTARTED_AFTER_MS = { min: 1_500, max: 3_000 };

export interface EdgeDeviceOptions extends Omit<ReporterOptions, 'address' | 'random' | 'rover' | 'sensors'> {
  /** 0x0005–0x7FFF. */
  readonly address: number;
  readonly seed: number;
  readonly timeline: Timeline;
  readonly vocabulary: Vocabulary;
  readonly field: Field;
  /** Data updates a second, when neither test nor storm says otherwise; 0 is none. */
  readonly rateHz: number;
}

/** One robot's radio module: it joins, reports what it measures, and answers what it is told. */
export class EdgeDevice implements ListedNode {
  readonly address: number;
  readonly uuid: Buffer;
  readonly #options: EdgeDeviceOptions;
  readonly #random: Random;
  readonly #rover: Rover;
  readonly #reporter: Reporter;
  readonly #test: FieldTest;
  #powered = true;
  #member = false;
  #joined = false;
  #testRateHz: number | undefined;
  #stormRateHz: number | undefined;
  #cancelJoin: CancelTimer = () => {};

  constructor(options: EdgeDeviceOptions) {
    const { address, seed, field } = options;
    this.#options = options;
    this.address = address;
    this.uuid = Buffer.concat([
      UUID_PREFIX,
      Random.of(seed, address, 'uuid').bytes(UUID_LENGTH - UUID_PREFIX.length),
    ]);
    this.#random = Random.of(seed, address, 'life');
    this.#rover = new Rover(Random.of(seed, address, 'motion'), field);
    const sensors = new Sensors(Random.of(seed, address, 'sensors'));
    const random = Random.of(seed, address, 'reports');
    this.#reporter = new Reporter({ ...options, random, sensors, rover: this.#rover });
    this.#test = new FieldTest({
      onPrepared: () => this.#answer(Buffer.alloc(0)),
      onRate: (rateHz) => {
        this.#testRateHz = rateHz;
        this.#reporter.setRate(this.#rateHz);
      },
    });
  }

  /** It has power: it could be provisioned, and relays for others. */
  get powered(): boolean {
    return this.#powered;
  }

  /** The root has let it in, and it has not forgotten that. */
  get member(): boolean {
    return this.#member;
  }

  /** It is in the network and at work. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Where it is now. */
  place(): Point {
    return this.#rover.positionAt(this.#options.timeline.now);
  }

  /** The root lets it in: it says `config_complete`, then who it is, and begins to report. */
  provision(): void {
    this.#member = true;
    this.#later(CONFIGURED_AFTER_MS, () => {
      this.#options.send(encodeText(this.address, 'config_complete\n'), true);
      this.#later(CONFIGURED_AFTER_MS, () => this.#join());
    });
  }

  /** The root has forgotten it. */
  expel(): void {
    this.#leave();
    this.#member = false;
  }

  /** It goes out of service: its battery is out, or it has driven away. */
  switchOff(): void {
    this.#leave();
    this.#powered = false;
  }

  /** It is back; a member rejoins by itself. */
  switchOn(): void {
    if (this.#powered) return;
    this.#powered = true;
    if (this.#member) this.#later(RESTARTED_AFTER_MS, () => this.#join());
  }

  /** It sends this many data updates a second, whatever it was told; undefined: the storm is over. */
  storm(rateHz: number | undefined): void {
    this.#stormRateHz = rateHz;
    if (this.#joined) this.#reporter.setRate(this.#rateHz);
  }

  /** It asks for a robot. */
  requestRobot(): void {
    if (this.#joined) this.#say(this.#options.vocabulary.request, ROBOT_REQUEST);
  }

  /** A message has reached it: opcode (1), payload. */
  receive(message: Buffer): void {
    if (!this.#joined) return;
    const { vocabulary } = this.#options;
    const payload = message.subarray(1);
    switch (message[0]) {
      case vocabulary.echo:
        this.#answer(payload);
        break;
      case vocabulary.test:
        this.#test.take(payload);
        break;
      case vocabulary.reset:
        this.#restart();
        break;
    }
  }

  #restart(): void {
    this.#leave();
    this.#later(RESTARTED_AFTER_MS, () => this.#join());
  }

  #join(): void {
    this.#joined = true;
    this.#options.send(encodeMessage(this.address, this.#options.vocabulary.nodeInfo, this.uuid), true);
    this.#reporter.start(this.#rateHz);
  }

  #leave(): void {
    this.#cancelJoin();
    this.#joined = false;
    this.#reporter.stop();
    this.#test.forget();
    this.#testRateHz = undefined;
  }

  get #rateHz(): number {
    return this.#stormRateHz ?? this.#testRateHz ?? this.#options.rateHz;
  }

  #answer(payload: Buffer): void {
    this.#say(this.#options.vocabulary.ack, payload);
  }

  #say(opcode: number, payload: Buffer): void {
    this.#options.send(encodeMessage(this.address, opcode, payload), false);
  }

  #later({ min, max }: { min: number; max: number }, task: () => void): void {
    this.#cancelJoin = this.#options.timeline.after(this.#random.between(min, max), task);
  }
}
