import { ROOT_MESH_ADDRESS } from '../protocol/address.js';
import type { Path } from '../protocol/message.js';
import { Air } from './air.js';
import type { EdgeDevice } from './edge-device.js';
import { Random } from './random.js';
import type { Timeline } from './timeline.js';
import { countHops } from './topology.js';

/** Robots drive at walking pace, and a mesh needs some time to find new routes. */
const ROUTES_EVERY_MS = 5_000;
/** Bytes. */
const MAX_EDGE_MESSAGE_LENGTH = 256;

export interface RadioOptions {
  readonly timeline: Timeline;
  readonly seed: number;
  /** Probability that a hop loses a message, 0–1. */
  readonly loss: number;
  /** Metres. */
  readonly rangeM: number;
}

/** A device and its routes to and from the root. */
interface Station {
  readonly device: EdgeDevice;
  readonly up: Air;
  readonly down: Air;
}

/** The radio network between the root and its devices: range, delays and losses. */
export class Radio {
  readonly #options: RadioOptions;
  readonly #stations = new Map<number, Station>();
  #hops: ReadonlyMap<number, number> = new Map();

  constructor(options: RadioOptions) {
    this.#options = options;
  }

  add(device: EdgeDevice): void {
    const air = (direction: string) =>
      new Air({
        timeline: this.#options.timeline,
        random: Random.of(this.#options.seed, device.address, direction),
        loss: this.#options.loss,
        hops: () => this.hopsOf(device.address) ?? 1,
      });
    this.#stations.set(device.address, { device, up: air('up'), down: air('down') });
  }

  /** Counts hops, now and periodically. */
  start(): void {
    const { timeline, rangeM } = this.#options;
    timeline.every(ROUTES_EVERY_MS, 0, () => {
      const present = this.#devices().filter(({ powered }) => powered);
      this.#hops = countHops(
        present.map((device) => ({ address: device.address, position: device.position() })),
        rangeM,
      );
    });
  }

  /** Hops from a device to the root at the last count; undefined if it was away. */
  hopsOf(address: number): number | undefined {
    return this.#hops.get(address);
  }

  /** From the root to a device: opcode (1), payload. A tracked message is retransmitted. */
  send(to: number, message: Buffer, tracked: boolean): void {
    const station = this.#stations.get(to);
    if (!station || message.length > MAX_EDGE_MESSAGE_LENGTH) return;
    station.down.carry(tracked, () => station.device.receive(message));
  }

  /** From the root to every device. */
  broadcast(message: Buffer): void {
    for (const address of this.#stations.keys()) this.send(address, message, false);
  }

  /** From a device to the root. */
  carryUp(from: number, tracked: boolean, deliver: () => void): void {
    this.#stations.get(from)?.up.carry(tracked, deliver);
  }

  /** Contacts a device that is not provisioned; returns false if the device does not receive it. */
  call(device: EdgeDevice, onReached: () => void): boolean {
    return this.#stations.get(device.address)?.down.carry(true, onReached) ?? false;
  }

  /** Direct forwarding paths: one from every member that needs relays to reach the root. */
  paths(): Path[] {
    return this.#devices()
      .filter((device) => device.joined && (this.hopsOf(device.address) ?? 1) > 1)
      .map((device) => ({ origin: device.address, target: ROOT_MESH_ADDRESS }));
  }

  #devices(): EdgeDevice[] {
    return [...this.#stations.values()].map(({ device }) => device);
  }
}
