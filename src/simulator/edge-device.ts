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
  /** Data updates per second, unless a test or a storm sets another rate; 0 = none. */
  readonly rateHz: number;
}

/** One robot's radio module: it joins the network, reports its measurements and answers messages. */
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

  /** Powered on: it can be provisioned, and relays for others. */
  get powered(): boolean {
    return this.#powered;
  }

  /** Provisioned by the root. */
  get member(): boolean {
    return this.#member;
  }

  /** In the network and running. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Its current position. */
  position(): Point {
    return this.#rover.positionAt(this.#options.timeline.now);
  }

  /** Provisions it: it sends `config_complete`, then its node info, and starts reporting. */
  provision(): void {
    this.#member = true;
    this.#later(CONFIGURED_AFTER_MS, () => {
      this.#options.send(encodeText(this.address, 'config_complete\n'), true);
      this.#later(CONFIGURED_AFTER_MS, () => this.#join());
    });
  }

  /** Called when the root has removed it from the network. */
  expel(): void {
    this.#leave();
    this.#member = false;
  }

  /** Takes it out of service: its battery is empty, or it has left the field. */
  switchOff(): void {
    this.#leave();
    this.#powered = false;
  }

  /** Puts it back into service; a member rejoins automatically. */
  switchOn(): void {
    if (this.#powered) return;
    this.#powered = true;
    if (this.#member) this.#later(RESTARTED_AFTER_MS, () => this.#join());
  }

  /** Overrides the rate of data updates, per second; undefined ends the storm. */
  storm(rateHz: number | undefined): void {
    this.#stormRateHz = rateHz;
    if (this.#joined) this.#reporter.setRate(this.#rateHz);
  }

  /** Makes it request a robot. */
  requestRobot(): void {
    if (this.#joined) this.#say(this.#options.vocabulary.request, ROBOT_REQUEST);
  }

  /** Delivers a message: opcode (1), payload. */
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
