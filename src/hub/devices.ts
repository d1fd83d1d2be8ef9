import type { Clock } from '../base/clock.js';
import type { LinkStatus } from '../link/link-keeper.js';
import { MemoryPool } from '../node/memory-pool.js';
import type { NodeStatus } from '../node/mesh-node.js';
import { NodeValues, type TimedValue } from '../node/node-values.js';
import { isDevice } from '../protocol/address.js';
import { type DataType, type DataTypes, fitsType } from '../protocol/data-types.js';
import type { NodeNames } from '../protocol/node-names.js';
import { findDefinitionFault } from './command-definition.js';
import { findDeviceIdFault } from './device-id.js';
import { FeedLane } from './feed-lane.js';
import type { DeviceReport, DeviceView, HubEventContent, MediaValue, RestoredNode } from './hub.js';
import type { DeviceFacts } from './source.js';

/** Limit for the devices of all sources together, and again for removed devices that are remembered. */
export const MAX_DEVICES = 1000;

/** Default for `feedRate` of a data type: values per second that reach the picture, the feed and the history. */
export const DEVICE_FEED_RATE = 10;

/** Bytes of images and the like of all devices together. */
const MAX_MEDIA_BYTES = 67_108_864;

interface Device {
  readonly address: number;
  readonly id: string;
  readonly source: string;
  readonly facts: DeviceFacts;
  /** Of types that are `latestOnly`, by type id. */
  readonly media: Map<number, MediaValue>;
  readonly values: NodeValues;
  /** By type id. */
  readonly lanes: Map<number, FeedLane<TimedValue>>;
  lastHeardAt: number | undefined;
  /** It has not reported since it was added: its values are from an earlier run. */
  isRestored: boolean;
  reportedStatus: NodeStatus;
}

/** A removed device and its last values, kept until its source adds it again. */
type FormerDevice = RestoredNode & { readonly id: string };

export interface DevicesOptions {
  readonly clock: Clock;
  readonly dataTypes: DataTypes;
  /** Values kept in memory per device and data type. */
  readonly valuesKept: number;
  /** Names of the mesh's nodes: device ids must differ from them. */
  readonly names: () => NodeNames;
  /** The source's own link. */
  readonly linkOf: (source: string) => LinkStatus;
  readonly publish: (content: HubEventContent) => void;
}

/** The devices of all sources other than the mesh, with their last values. */
export class Devices {
  readonly #options: DevicesOptions;
  readonly #memory = new MemoryPool();
  readonly #byAddress = new Map<number, Device>();
  readonly #byId = new Map<string, Device>();
  /** By address, most recently removed last. */
  readonly #former = new Map<number, FormerDevice>();
  /** By source. */
  readonly #watchers = new Map<string, Set<(report: DeviceReport) => void>>();
  #thinned = 0;
  #late = 0;
  #mediaBytes = 0;
  #mediaRefused = 0;

  constructor(options: DevicesOptions) {
    this.#options = options;
  }

  counters() {
    return {
      devices: this.#byAddress.size,
      valuesThinned: this.#thinned,
      reportsLate: this.#late,
      mediaRefused: this.#mediaRefused,
    };
  }

  /** Remembers the devices of an earlier run until their sources add them. */
  restore(nodes: readonly RestoredNode[]): void {
    for (const { id, ...node } of nodes) {
      if (id === undefined || !isDevice(node.address)) continue;
      const device = this.#byAddress.get(node.address);
      if (device) this.#restoreValues(device, node);
      else this.#keepFormer({ ...node, id });
    }
  }

  /**
   * Adds a device, with its last values of declared types. Throws if the address or id is taken or not valid, or if there
   * are too many devices.
   */
  add(source: string, address: number, id: string, facts: DeviceFacts = {}): void {
    const fault = this.#findFault(address, id) ?? findDefinitionFault(facts.commands ?? []);
    if (fault !== undefined) throw new RangeError(`device ${id}: ${fault}`);
    const { valuesKept, publish } = this.#options;
    const values = new NodeValues(valuesKept, this.#memory);
    const common = { facts, media: new Map(), lastHeardAt: undefined, isRestored: false, lanes: new Map() };
    const device: Device = { address, id, source, values, ...common, reportedStatus: 'unknown' };
    this.#byAddress.set(address, device);
    this.#byId.set(id.toLowerCase(), device);
    const former = this.#former.get(address);
    this.#former.delete(address);
    if (former?.id === id) this.#restoreValues(device, former);
    publish({ kind: 'node', node: address, device: id, change: 'added' });
    this.#reportStatus(device);
  }

  #findFault(address: number, id: string): string | undefined {
    if (!isDevice(address)) return `${address} is not a device address`;
    const fault = findDeviceIdFault(id, this.#options.names());
    if (fault !== undefined) return fault;
    if (this.#byId.has(id.toLowerCase())) return 'another device has this id (case is ignored)';
    if (this.#byAddress.has(address)) return `another device has the address ${address}`;
    return this.#byAddress.size >= MAX_DEVICES ? `the limit of ${MAX_DEVICES} devices is reached` : undefined;
  }

  /** Only the last value of each type: the others are in the archive. */
  #restoreValues(
    device: Device,
    { values, lastHeardAt }: Pick<RestoredNode, 'values' | 'lastHeardAt'>,
  ): void {
    const isSilent = device.lastHeardAt === undefined;
    for (const { typeId, value } of values) {
      const type = this.#options.dataTypes.findById(typeId);
      const isNews = device.values.latest(typeId) === undefined;
      if (type && fitsType(type, value.bytes) && isNews) device.values.store(typeId, value);
    }
    if (!isSilent) return;
    device.isRestored = true;
    device.lastHeardAt = lastHeardAt;
  }

  #keepFormer(device: FormerDevice): void {
    this.#former.delete(device.address);
    this.#former.set(device.address, device);
    const [oldest] = this.#former.keys();
    if (this.#former.size > MAX_DEVICES && oldest !== undefined) this.#former.delete(oldest);
  }

  /** Removes every device of a source that has closed. */
  removeAll(source: string): void {
    for (const device of this.#of(source)) this.#remove(device);
  }

  /** Throws for a device of another source. */
  remove(source: string, address: number): void {
    this.#remove(this.#owned(source, address));
  }

  #owned(source: string, address: number): Device {
    const device = this.#byAddress.get(address);
    if (device?.source !== source) throw new Error(`${source} has no device with the address ${address}`);
    return device;
  }

  #remove({ address, id, values, lastHeardAt, lanes, media }: Device): void {
    for (const { bytes } of media.values()) this.#mediaBytes -= bytes.length;
    for (const lane of lanes.values()) lane.flush();
    this.#byAddress.delete(address);
    this.#byId.delete(id.toLowerCase());
    const last = values.typeIds().flatMap((typeId) => {
      const value = values.latest(typeId);
      return value ? [{ typeId, value }] : [];
    });
    this.#keepFormer({ address, id, values: last, ...(lastHeardAt !== undefined && { lastHeardAt }) });
    this.#options.publish({ kind: 'node', node: address, device: id, change: 'forgotten' });
  }

  /** Calls `listener` for every value of a source's devices, those included that are left out of the feed. */
  watch(source: string, listener: (report: DeviceReport) => void): () => void {
    const watchers = this.#watchers.get(source) ?? new Set();
    this.#watchers.set(source, watchers.add(listener));
    return () => {
      watchers.delete(listener);
      if (watchers.size === 0 && this.#watchers.get(source) === watchers) this.#watchers.delete(source);
    };
  }

  /**
   * `at`: ms since the epoch by the device's own clock; the bytes are copied. Throws for a device of another source, an
   * undeclared type, and bytes of the wrong length.
   */
  report(source: string, address: number, type: DataType, bytes: Buffer, at?: number): void {
    const device = this.#owned(source, address);
    const { clock, dataTypes } = this.#options;
    if (dataTypes.findById(type.id) !== type) throw new Error(`the data type ${type.name} is not declared`);
    if (!fitsType(type, bytes))
      throw new RangeError(`${bytes.length} bytes is not a valid length for ${type.name}`);
    const common = { receivedAt: clock.now(), bytes: Buffer.from(bytes) };
    const value: TimedValue = at === undefined ? common : { ...common, deviceTime: at };
    if (type.latestOnly) this.#keepMedia(device, { type, ...common });
    else if (!this.#laneOf(device, type).offer(value)) this.#thinned++;
    for (const listener of this.#watchers.get(source) ?? [])
      listener({ address, device: device.id, type, value });
  }

  /** Only the newest is kept; one that is over the limit of all is refused, and the one before it stays. */
  #keepMedia(device: Device, value: MediaValue): void {
    const before = device.media.get(value.type.id)?.bytes.length ?? 0;
    const after = this.#mediaBytes - before + value.bytes.length;
    if (after > MAX_MEDIA_BYTES) {
      this.#mediaRefused++;
      return;
    }
    this.#mediaBytes = after;
    device.media.set(value.type.id, value);
    this.#onHeard(device, value.receivedAt);
  }

  #onHeard(device: Device, at: number): void {
    device.lastHeardAt = at;
    device.isRestored = false;
    this.#reportStatus(device);
  }

  /** A source was used after it was closed. */
  onLate(): void {
    this.#late++;
  }

  #laneOf(device: Device, type: DataType): FeedLane<TimedValue> {
    const known = device.lanes.get(type.id);
    if (known) return known;
    const intervalMs = 1000 / (type.feedRate ?? DEVICE_FEED_RATE);
    const lane = new FeedLane<TimedValue>(this.#options.clock, intervalMs, (value) =>
      this.#store(device, type, value),
    );
    device.lanes.set(type.id, lane);
    return lane;
  }

  #store(device: Device, type: DataType, value: TimedValue): void {
    const { address, id } = device;
    device.values.store(type.id, value);
    this.#onHeard(device, value.receivedAt);
    this.#options.publish({ kind: 'value', node: address, device: id, type, value });
  }

  /** The state of a source's link has changed. */
  onLink(source: string): void {
    for (const device of this.#of(source)) this.#reportStatus(device);
  }

  #reportStatus(device: Device): void {
    const status = this.#statusOf(device);
    if (status === device.reportedStatus) return;
    device.reportedStatus = status;
    const { address, id } = device;
    this.#options.publish({ kind: 'node', node: address, device: id, change: 'status', status });
  }

  #of(source: string): Device[] {
    return [...this.#byAddress.values()].filter((device) => device.source === source);
  }

  /** By rising address. */
  views(): DeviceView[] {
    return this.#sorted().map((device) => this.#view(device));
  }

  #sorted(): Device[] {
    return [...this.#byAddress.values()].sort((a, b) => a.address - b.address);
  }

  findView(address: number): DeviceView | undefined {
    const device = this.#byAddress.get(address);
    return device && this.#view(device);
  }

  latest(address: number, typeId: number): TimedValue | undefined {
    return this.#byAddress.get(address)?.values.latest(typeId);
  }

  /** The values that are held of a device and type, oldest first. */
  valuesOf(address: number, typeId: number): TimedValue[] {
    return this.#byAddress.get(address)?.values.all(typeId) ?? [];
  }

  /** Every device and type with a value, by rising address and id. */
  series(): { readonly node: number; readonly typeId: number }[] {
    return this.#sorted().flatMap(({ address, values }) =>
      values.typeIds().map((typeId) => ({ node: address, typeId })),
    );
  }

  /** Also finds devices that were removed; case is ignored. */
  addressOf(id: string): number | undefined {
    const key = id.toLowerCase();
    const former = () => [...this.#former.values()].find((device) => device.id.toLowerCase() === key);
    return (this.#byId.get(key) ?? former())?.address;
  }

  /** Also finds devices that were removed. */
  idOf(address: number): string | undefined {
    return (this.#byAddress.get(address) ?? this.#former.get(address))?.id;
  }

  /** Why a device has its status; undefined if there is no such device. */
  explain(address: number): string[] | undefined {
    const device = this.#byAddress.get(address);
    if (!device) return undefined;
    const { lastHeardAt, source } = device;
    const { clock } = this.#options;
    const heard =
      lastHeardAt === undefined
        ? 'no value yet'
        : `last value ${Math.max(0, Math.floor((clock.now() - lastHeardAt) / 1000))} s ago`;
    return [heard, `the link of ${source} is ${this.#isUp(source) ? 'up' : 'down'}`];
  }

  #isUp(source: string): boolean {
    return this.#options.linkOf(source).state === 'up';
  }

  #statusOf({ source, lastHeardAt, isRestored }: Device): NodeStatus {
    if (!this.#isUp(source)) return 'unknown';
    return lastHeardAt === undefined || isRestored ? 'unheard' : 'active';
  }

  #view(device: Device): DeviceView {
    const { address, id, source, facts, media, values, lastHeardAt, isRestored } = device;
    const { dataTypes, linkOf } = this.#options;
    return {
      address,
      id,
      source,
      link: linkOf(source),
      name: id,
      status: this.#statusOf(device),
      restored: isRestored,
      get latest() {
        return values.typeIds().flatMap((typeId) => {
          const type = dataTypes.findById(typeId);
          const value = values.latest(typeId);
          return type && value ? [{ type, value }] : [];
        });
      },
      commands: facts.commands ?? [],
      media: [...media.values()],
      ...(facts.description !== undefined && { description: facts.description }),
      ...(lastHeardAt !== undefined && { lastHeardAt }),
    };
  }
}
