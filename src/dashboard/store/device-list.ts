import type { DeviceInfo, MeshEvent } from '../../api/shapes.js';

/** The devices outside the mesh. Entries are replaced, never mutated. */
export class DeviceList {
  readonly #byId = new Map<string, DeviceInfo>();

  /** In the gateway's order. */
  all(): DeviceInfo[] {
    return [...this.#byId.values()].sort((a, b) => a.node - b.node);
  }

  replaceAll(devices: readonly DeviceInfo[]): void {
    this.#byId.clear();
    for (const device of devices) this.#byId.set(device.id, device);
  }

  onValue({ value }: Extract<MeshEvent, { kind: 'value' }>): void {
    const known = this.#byId.get(value.device ?? '');
    if (!known) return;
    const others = known.values.filter(({ id }) => id !== value.id);
    const values = [...others, { ...value, ageMs: 0 }].sort((a, b) => a.id - b.id);
    this.#byId.set(known.id, { ...known, restored: false, lastHeardAt: value.receivedAt, values });
  }

  /** Added devices are fetched from the gateway: the event has no details. */
  onNode({ device = '', change, status }: Extract<MeshEvent, { kind: 'node' }>): void {
    if (change === 'forgotten') this.#byId.delete(device);
    const known = this.#byId.get(device);
    if (known && status) this.#byId.set(device, { ...known, status });
  }
}
