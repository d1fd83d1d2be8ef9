import type { DeviceInfo, MeshEvent } from '../../api/shapes.js';
import { DeviceRecord } from './device-record.js';

/** The devices outside the mesh. Ids are unique regardless of case. */
export class DeviceList {
  readonly #byId = new Map<string, DeviceRecord>();

  get size(): number {
    return this.#byId.size;
  }

  /** In the gateway's order. */
  all(): DeviceRecord[] {
    return [...this.#byId.values()].sort((a, b) => a.address - b.address);
  }

  find(id: string): DeviceRecord | undefined {
    return this.#byId.get(id.toLowerCase());
  }

  replaceAll(devices: readonly DeviceInfo[]): void {
    const listed = new Set(devices.map(({ id }) => id.toLowerCase()));
    for (const key of this.#byId.keys()) if (!listed.has(key)) this.#byId.delete(key);
    for (const info of devices) this.#replace(info);
  }

  /** Its record, if it is known. */
  onValue({ value }: Extract<MeshEvent, { kind: 'value' }>): DeviceRecord | undefined {
    const record = this.find(value.device ?? '');
    record?.onValue(value);
    return record;
  }

  /** Added devices are fetched from the gateway: the event has no details. `isNew`: not in the snapshot. */
  onNode(event: Extract<MeshEvent, { kind: 'node' }>, isNew: boolean): DeviceRecord | undefined {
    const { device = '', seq, at, change, status } = event;
    const record = this.find(device);
    record?.changes.push({ seq, at, change, status });
    if (isNew && change === 'forgotten') this.#byId.delete(device.toLowerCase());
    if (isNew && record && status) record.info = { ...record.info, status };
    return record;
  }

  #replace(info: DeviceInfo): void {
    const record = this.find(info.id);
    if (record) record.info = info;
    else this.#byId.set(info.id.toLowerCase(), new DeviceRecord(info));
  }
}
