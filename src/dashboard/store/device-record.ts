/** A device outside the mesh: the gateway's description, and what was received since the page was opened. */
import type { AgedValue, DeviceInfo, Value } from '../../api/shapes.js';
import { CHANGES_KEPT, type StatusChange } from './node-record.js';
import { Ring } from './ring.js';
import { Topic } from './topic.js';

export class DeviceRecord {
  /** Replaced, never mutated. */
  info: DeviceInfo;
  readonly changes = new Ring<StatusChange>(CHANGES_KEPT);
  /** Called with every value, for the plots. */
  readonly valueListeners = new Set<(value: Value) => void>();
  readonly topic = new Topic();

  constructor(info: DeviceInfo) {
    this.info = info;
  }

  /** Number of the device in values and events. */
  get address(): number {
    return this.info.node;
  }

  get values(): readonly AgedValue[] {
    return this.info.values;
  }

  onValue(value: Value): void {
    const { values } = this.info;
    const others = values.filter(({ id }) => id !== value.id);
    this.info = {
      ...this.info,
      restored: false,
      lastHeardAt: Math.max(this.info.lastHeardAt ?? 0, value.receivedAt),
      values: [...others, { ...value, ageMs: 0 }].sort((a, b) => a.id - b.id),
    };
    for (const listener of this.valueListeners) listener(value);
  }
}
