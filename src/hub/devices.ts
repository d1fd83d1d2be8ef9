import type { Clock } from '../base/clock.js';
import { MemoryPool } from '../node/memory-pool.js';
import type { NodeStatus } from '../node/mesh-node.js';
import { NodeValues, type TimedValue } from '../node/node-values.js';
import type { DataType, DataTypes } from '../protocol/data-types.js';
import type { DeviceView, HubEventContent } from './hub.js';

/** Devices begin here, above every unicast address of the mesh. */
export const FIRST_DEVICE_ADDRESS = 0x10000;

/** Devices of all sources together. */
export const MAX_DEVICES = 1000;

interface Device {
  readonly address: number;
  readonly id: string;
  readonly source: string;
  readonly values: NodeValues;
  lastHeardAt: number | undefined;
}

export interface DeviceParts {
  readonly clock: Clock;
  readonly dataTypes: DataTypes;
  /** Values kept in memory per device and data type. */
  readonly valuesKept: number;
  /** The source's own link is up. */
  readonly isUp: (source: string) => boolean;
  readonly publish: (content: HubEventContent) => void;
}

/** The devices of the sources beside the mesh, with their last values. */
export class Devices {
  readonly #parts: DeviceParts;
  readonly #memory = new MemoryPool();
  readonly #byAddress = new Map<number, Device>();
  readonly #byId = new Map<string, Device>();

  constructor(parts: DeviceParts) {
    this.#parts = parts;
  }

  /** Adds a device; its id is unique in any letter case. Throws where address or id is taken, or there are too many. */
  add(source: string, address: number, id: string): void {
    const key = id.toLowerCase();
    if (address < FIRST_DEVICE_ADDRESS) throw new RangeError(`device ${id}: address ${address} is too low`);
    if (this.#byAddress.has(address) || this.#byId.has(key)) throw new Error(`device ${id} exists already`);
    if (this.#byAddress.size >= MAX_DEVICES) throw new RangeError(`more than ${MAX_DEVICES} devices`);
    const values = new NodeValues(this.#parts.valuesKept, this.#memory);
    const device: Device = { address, id, source, values, lastHeardAt: undefined };
    this.#byAddress.set(address, device);
    this.#byId.set(key, device);
    this.#parts.publish({ kind: 'node', node: address, change: 'added' });
  }

  /** Removes every device of a source that has closed. */
  removeAll(source: string): void {
    for (const device of [...this.#byAddress.values()].filter((each) => each.source === source)) {
      this.#byAddress.delete(device.address);
      this.#byId.delete(device.id.toLowerCase());
      this.#parts.publish({ kind: 'node', node: device.address, change: 'forgotten' });
    }
  }

  /** `at`: ms since the epoch by the device's own clock. Throws for an address that was not added. */
  report(address: number, type: DataType, bytes: Buffer, at?: number): void {
    const device = this.#byAddress.get(address);
    if (!device) throw new Error(`no device has the address ${address}`);
    const receivedAt = this.#parts.clock.now();
    const value: TimedValue = { receivedAt, bytes, ...(at !== undefined && { deviceTime: at }) };
    device.lastHeardAt = receivedAt;
    device.values.store(type.id, value);
    this.#parts.publish({ kind: 'value', node: address, type, value });
  }

  /** By rising address. */
  views(): DeviceView[] {
    const sorted = [...this.#byAddress.values()].sort((a, b) => a.address - b.address);
    return sorted.map((device) => this.#view(device));
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
    return this.views().flatMap(({ address }) =>
      (this.#byAddress.get(address)?.values.typeIds() ?? []).map((typeId) => ({ node: address, typeId })),
    );
  }

  addressOf(id: string): number | undefined {
    return this.#byId.get(id.toLowerCase())?.address;
  }

  idOf(address: number): string | undefined {
    return this.#byAddress.get(address)?.id;
  }

  /** The facts behind a device's status. */
  explain(address: number): string[] | undefined {
    const device = this.#byAddress.get(address);
    if (!device) return undefined;
    const { lastHeardAt, source } = device;
    const heard =
      lastHeardAt === undefined
        ? 'no value yet'
        : `last value ${Math.max(0, Math.floor((this.#parts.clock.now() - lastHeardAt) / 1000))} s ago`;
    return [heard, `the link of ${source} is ${this.#parts.isUp(source) ? 'up' : 'down'}`];
  }

  #view({ address, id, source, values, lastHeardAt }: Device): DeviceView {
    const { dataTypes, isUp } = this.#parts;
    const status: NodeStatus = !isUp(source) ? 'unknown' : lastHeardAt === undefined ? 'unheard' : 'active';
    return {
      address,
      id,
      source,
      name: id,
      status,
      restored: false,
      get latest() {
        return values.typeIds().flatMap((typeId) => {
          const type = dataTypes.findById(typeId);
          const value = values.latest(typeId);
          return type && value ? [{ type, value }] : [];
        });
      },
      ...(lastHeardAt !== undefined && { lastHeardAt }),
    };
  }
}
