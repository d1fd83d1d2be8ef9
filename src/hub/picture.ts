import type { Clock } from '../base/clock.js';
import type { LinkStatus } from '../link/link-keeper.js';
import type { TimedValue } from '../node/node-values.js';
import { formatAddress, isDevice } from '../protocol/address.js';
import type { Path } from '../protocol/message.js';
import type { Series } from './archive.js';
import type { Devices } from './devices.js';
import {
  type DeviceView,
  isAlive,
  type NodeView,
  type Picture,
  type Robot,
  type RootView,
  type ValueRange,
} from './hub.js';
import type { HeldValues } from './memory-archive.js';
import type { MeshPicture, MeshPictureSettings } from './mesh-picture.js';

export interface HubPictureOptions {
  readonly clock: Clock;
  readonly mesh: MeshPicture;
  readonly devices: Devices;
  readonly settings: Pick<MeshPictureSettings, 'names'>;
  readonly link: () => LinkStatus;
}

/** The picture as readers see it: the nodes of the mesh, and the devices of other sources. */
export class HubPicture implements Picture, HeldValues {
  readonly #options: HubPictureOptions;
  readonly #mesh: MeshPicture;
  readonly #devices: Devices;

  constructor(options: HubPictureOptions) {
    this.#options = options;
    this.#mesh = options.mesh;
    this.#devices = options.devices;
  }

  link(): LinkStatus {
    return this.#options.link();
  }

  root(): RootView {
    return this.#mesh.root;
  }

  nodes(): NodeView[] {
    return this.#mesh.nodes.all();
  }

  nodesFrom(address: number, limit: number): NodeView[] {
    return this.#mesh.nodes.from(address, limit);
  }

  devices(): DeviceView[] {
    return this.#devices.views();
  }

  findDevice(address: number): DeviceView | undefined {
    return this.#devices.findView(address);
  }

  findNode(address: number): NodeView | undefined {
    return this.#mesh.nodes.find(address) ?? this.#devices.findView(address);
  }

  latest(address: number, typeId: number): TimedValue | undefined {
    return this.#mesh.nodes.latest(address, typeId) ?? this.#devices.latest(address, typeId);
  }

  values(range: ValueRange): TimedValue[] {
    const { from, to } = range;
    const held = this.valuesOf(range);
    return held.filter(({ receivedAt }) => receivedAt >= from && receivedAt <= to);
  }

  /** Every node or device and data type with a value, by rising address and id. */
  series(): Series[] {
    return [...this.#mesh.nodes.series(), ...this.#devices.series()];
  }

  /** All values that are held of a series, oldest first. */
  valuesOf({ node, typeId }: Series): TimedValue[] {
    const ofMesh = this.#mesh.nodes.valuesOf({ node, typeId });
    return ofMesh.length > 0 ? ofMesh : this.#devices.valuesOf(node, typeId);
  }

  addressOf(name: string): number | undefined {
    // Devices first: a device can be named only by its id, a node also by its address.
    return this.#devices.addressOf(name) ?? this.#options.settings.names.addressOf(name);
  }

  nameOf(address: number): string {
    if (isDevice(address)) return this.#devices.idOf(address) ?? formatAddress(address);
    return this.#options.settings.names.nameOf(address);
  }

  activeNodeCount(): number {
    return this.#mesh.statuses.countWhere(isAlive);
  }

  paths(): readonly Path[] {
    return this.#mesh.paths;
  }

  arePathsRestored(): boolean {
    return this.#mesh.pathsAreRestored;
  }

  robots(): readonly Robot[] {
    return this.#mesh.robots;
  }

  explainNode(address: number): string[] | undefined {
    const facts = this.#mesh.explain(address);
    if (!facts) return this.#devices.explain(address);
    return [...facts, explainLink(this.link(), this.#options.clock.now())];
  }
}

function explainLink({ state, since, name }: LinkStatus, now: number): string {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  const link = name === undefined ? 'the link' : `the link to ${name}`;
  return state === 'up'
    ? `${link} has been up for ${seconds} s`
    : `${link} is not up (${state} for ${seconds} s)`;
}
