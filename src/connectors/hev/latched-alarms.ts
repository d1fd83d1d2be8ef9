/** Alarms that stay in each packet's list until they are acknowledged, whether or not a client is connected. */
import type { HevAlarmName } from '../../codecs/hev/in-hub.js';
import type { AlarmObject } from './mode.js';

/** Of more, the oldest goes. */
const MAX_ALARMS = 64;

export class LatchedAlarms {
  readonly #alarms = new Map<string, AlarmObject>();
  #list: readonly AlarmObject[] = [];
  #dropped = 0;

  /** Oldest first. */
  get list(): readonly AlarmObject[] {
    return this.#list;
  }

  get dropped(): number {
    return this.#dropped;
  }

  has(name: HevAlarmName): boolean {
    return this.#alarms.has(keyOf(name));
  }

  /** The same type and code is the same alarm: the newer takes its place in the list. */
  latch(alarm: AlarmObject): void {
    this.#alarms.set(keyOf({ type: alarm.alarm_type, code: alarm.alarm_code }), alarm);
    const [oldest] = this.#alarms.keys();
    if (this.#alarms.size > MAX_ALARMS && oldest !== undefined) {
      this.#alarms.delete(oldest);
      this.#dropped++;
    }
    this.#list = [...this.#alarms.values()];
  }

  acknowledge(name: HevAlarmName): void {
    if (this.#alarms.delete(keyOf(name))) this.#list = [...this.#alarms.values()];
  }
}

function keyOf({ type, code }: HevAlarmName): string {
  return `${type} ${code}`;
}
