import { Counters } from '../base/counters.js';
import type { ModemLines } from '../link/link.js';
import { FIRST_EDGE_ADDRESS } from '../protocol/address.js';
import { startChurn } from './churn.js';
import { EdgeDevice } from './edge-device.js';
import { type CheckedMeshOptions, checkMeshOptions, type VirtualMeshOptions } from './mesh-options.js';
import { Provisioner } from './provisioner.js';
import { Radio } from './radio.js';
import { Random } from './random.js';
import { Timeline } from './timeline.js';
import { VirtualRoot } from './virtual-root.js';
import type { OnRootBytes, VirtualUart } from './virtual-uart.js';
import { readVocabulary, type Vocabulary } from './vocabulary.js';

/** Every one to two minutes a node requests a robot. */
const ROBOT_REQUEST_AFTER_MS = { min: 60_000, max: 120_000 };

/**
 * A root and its edge devices on a field, driven by a seed: the same seed gives the same bytes at the same virtual
 * times. Each device has its own random streams, so none depends on what another does.
 */
export class VirtualMesh implements VirtualUart {
  readonly name: string;
  readonly isPlugged = true;
  readonly root: VirtualRoot;
  /** Schedules everything in this mesh. */
  readonly timeline: Timeline;
  /** How often devices have left and returned. */
  readonly churn = new Counters<'gone' | 'back'>(['gone', 'back']);
  readonly #options: CheckedMeshOptions;
  readonly #vocabulary: Vocabulary;
  readonly #radio: Radio;
  readonly #provisioner: Provisioner;
  readonly #devices = new Map<number, EdgeDevice>();
  #onBytes: OnRootBytes | undefined;
  #started = false;

  /** Throws `BAD_USAGE` for invalid options, `BAD_TABLE` if opcodes.json lacks a message. */
  constructor(options: VirtualMeshOptions) {
    this.#options = checkMeshOptions(options);
    const { clock, nodes, seed, loss, radioRangeM, tables } = this.#options;
    this.name = `virtual mesh of ${nodes} ${nodes === 1 ? 'node' : 'nodes'}, seed ${seed}`;
    this.#vocabulary = readVocabulary(tables.opcodes);
    this.timeline = new Timeline(clock);
    this.#radio = new Radio({ timeline: this.timeline, seed, loss, rangeM: radioRangeM });
    this.root = this.#createRoot();
    this.#provisioner = this.#createProvisioner();
    for (let index = 0; index < nodes; index++) this.#addDevice(FIRST_EDGE_ADDRESS + index);
  }

  /** The edge device with this address, provisioned or not. */
  findDevice(address: number): EdgeDevice | undefined {
    return this.#devices.get(address);
  }

  /** Every edge device, sorted by address. */
  devices(): EdgeDevice[] {
    return [...this.#devices.values()];
  }

  /** Hops from a node to the root; undefined if it is away. Recounted every 5 s. */
  hopsOf(address: number): number | undefined {
    return this.#radio.hopsOf(address);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.timeline.at(0, () => this.#switchEverythingOn());
    this.timeline.begin();
  }

  connect(onBytes: OnRootBytes): () => void {
    this.#onBytes = onBytes;
    return () => {
      if (this.#onBytes === onBytes) this.#onBytes = undefined;
    };
  }

  receive(bytes: Buffer): void {
    const kept = Buffer.from(bytes);
    this.timeline.soon(() => this.root.receive(kept));
  }

  setLines(lines: ModemLines): void {
    this.timeline.soon(() => this.root.setLines(lines));
  }

  stop(): void {
    this.#onBytes = undefined;
    this.timeline.stop();
  }

  /** Overrides the rate of data updates of every device, per second; undefined ends the storm. */
  storm(rateHz: number | undefined): void {
    for (const device of this.#devices.values()) device.storm(rateHz);
  }

  /** Takes a device out of service: it neither sends, nor receives, nor relays. */
  switchOff(device: EdgeDevice): void {
    device.switchOff();
    this.#provisioner.withdraw(device);
  }

  /** Brings it back; it rejoins, or waits to be provisioned. */
  switchOn(device: EdgeDevice): void {
    device.switchOn();
    this.#provisioner.offer(device);
  }

  #createRoot(): VirtualRoot {
    return new VirtualRoot({
      generation: this.#options.generation,
      timeline: this.timeline,
      vocabulary: this.#vocabulary,
      radio: this.#radio,
      transmit: (bytes) => this.#onBytes?.(bytes, this.timeline.now),
      onOnline: () => this.#provisioner.wake(),
      onCleaned: () => this.#expelAll(),
    });
  }

  #createProvisioner(): Provisioner {
    return new Provisioner({
      timeline: this.timeline,
      devices: this.#options.nodes,
      isRootOnline: () => this.root.online,
      reach: (device, onReached) => this.#radio.call(device, onReached),
      admit: (device) => {
        this.root.admit(device);
        device.provision();
      },
    });
  }

  #addDevice(address: number): void {
    const { seed, field, rateHz, tables, generation } = this.#options;
    const device = new EdgeDevice({
      address,
      seed,
      field,
      rateHz,
      tables,
      generation,
      timeline: this.timeline,
      vocabulary: this.#vocabulary,
      send: (body, tracked) => this.#radio.carryUp(address, tracked, () => this.root.hear(address, body)),
    });
    this.#devices.set(address, device);
    this.#radio.add(device);
  }

  #switchEverythingOn(): void {
    this.#radio.start();
    for (const device of this.#devices.values()) {
      this.#provisioner.offer(device);
      this.#startChurnOf(device);
    }
    this.#awaitRobotRequest(Random.of(this.#options.seed, 'robot requests'));
    this.root.boot('powerOn');
  }

  #startChurnOf(device: EdgeDevice): void {
    startChurn({
      timeline: this.timeline,
      random: Random.of(this.#options.seed, device.address, 'churn'),
      share: this.#options.churn,
      awayMs: this.#options.awayMs,
      onGone: () => {
        this.churn.add('gone');
        this.switchOff(device);
      },
      onBack: () => {
        this.churn.add('back');
        this.switchOn(device);
      },
    });
  }

  /** The chosen device may be away: then there is no request this time. */
  #awaitRobotRequest(random: Random): void {
    const { min, max } = ROBOT_REQUEST_AFTER_MS;
    this.timeline.after(random.between(min, max), () => {
      const address = FIRST_EDGE_ADDRESS + random.int(0, this.#options.nodes - 1);
      this.findDevice(address)?.requestRobot();
      this.#awaitRobotRequest(random);
    });
  }

  #expelAll(): void {
    for (const device of this.#devices.values()) {
      device.expel();
      this.#provisioner.offer(device);
    }
  }
}
