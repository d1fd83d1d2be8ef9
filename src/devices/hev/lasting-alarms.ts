/** Alarms of the microcontroller, which repeats each while its condition lasts. */
import type { CancelTimer, Clock } from '../../base/clock.js';
import { deviceAlarmCode, hubPriority } from '../../codecs/hev/in-hub.js';
import { ALARM_CODES, ALARM_TYPE, nameOf } from '../../codecs/hev/names.js';
import type { PayloadValues } from '../../codecs/hev/payload.js';
import type { DeviceAlarm } from '../../hub/source.js';

/** It is repeated every 1000 ms at the slowest. */
const OVER_AFTER_MS = 3500;
/** Alarms that last at a time; a further one counts as over as soon as it is reported. */
const MAX_LASTING = 64;

export interface LastingAlarmsOptions {
  readonly clock: Clock;
  readonly raise: (alarm: DeviceAlarm) => void;
  readonly clear: (code: string) => void;
}

export class LastingAlarms {
  readonly #options: LastingAlarmsOptions;
  /** By the device's own code: cancels its end. */
  readonly #lasting = new Map<string, CancelTimer>();

  constructor(options: LastingAlarmsOptions) {
    this.#options = options;
  }

  /** The fields of an ALARM. */
  onAlarm({ alarm_type = 0, alarm_code = 0 }: PayloadValues): void {
    const name = {
      type: nameOf(ALARM_TYPE, Number(alarm_type)),
      code: nameOf(ALARM_CODES, Number(alarm_code)),
    };
    const code = deviceAlarmCode(name);
    const isLasting = this.#lasting.has(code) || this.#lasting.size < MAX_LASTING;
    if (isLasting) this.#endLater(code);
    const text = `the ventilator reports ${name.code}`;
    this.#options.raise({ code, priority: hubPriority(name.type), text, isLasting });
  }

  /** It is over for the gateway; the microcontroller's next repeat raises it again. */
  onAcknowledged(code: string): void {
    this.#end(code);
  }

  /** The line is lost: nothing would end them. */
  endAll(): void {
    for (const code of [...this.#lasting.keys()]) this.#end(code);
  }

  #endLater(code: string): void {
    this.#lasting.get(code)?.();
    this.#lasting.set(
      code,
      this.#options.clock.after(OVER_AFTER_MS, () => this.#end(code)),
    );
  }

  #end(code: string): void {
    const cancel = this.#lasting.get(code);
    if (!cancel) return;
    cancel();
    this.#lasting.delete(code);
    this.#options.clear(code);
  }
}
