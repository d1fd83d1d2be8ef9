import type { Clock } from '../base/clock.js';

/** Most urgent first. */
export const ALARM_PRIORITIES = ['high', 'medium', 'low'] as const;

export interface AlarmDefinition {
  readonly priority: AlarmPriority;
  readonly of: 'gateway' | 'node' | 'device';
  readonly lasting: boolean;
  readonly text: string;
}

/** By code. */
export type AlarmDefinitions = Readonly<Record<string, AlarmDefinition>>;

/**
 * Conditions that people should learn about even if nobody was watching. Connectors and devices add codes of their own
 * in their manifests. Each has a line in docs/protocol.md.
 * `lasting`: active until the condition ends; other alarms are momentary, never active. `of`: the subject, one node or
 * the gateway itself.
 */
export const ALARM_CODES = {
  LINK_LOST: { priority: 'high', of: 'gateway', lasting: true, text: 'no link to the root' },
  ROOT_SILENT: {
    priority: 'high',
    of: 'gateway',
    lasting: true,
    text: 'the link is open, but the root is not responding',
  },
  ROOT_CHANGED: {
    priority: 'high',
    of: 'gateway',
    lasting: false,
    text: 'a different board is connected as the root',
  },
  ROOT_RESTARTED: { priority: 'medium', of: 'gateway', lasting: false, text: 'the root has restarted' },
  HISTORY_FAILING: {
    priority: 'medium',
    of: 'gateway',
    lasting: true,
    text: 'cannot write to the history: new data is kept in memory only',
  },
  NODE_DISCONNECTED: {
    priority: 'medium',
    of: 'node',
    lasting: true,
    text: 'a node stopped responding',
  },
  SOCKET_LOST: {
    priority: 'high',
    of: 'gateway',
    lasting: true,
    text: 'clients cannot connect: a socket of the gateway is gone',
  },
  QUEUE_FULL: {
    priority: 'medium',
    of: 'gateway',
    lasting: false,
    text: 'commands were refused because the send queue was full',
  },
  DEVICE_ALARM: {
    priority: 'medium',
    of: 'device',
    lasting: true,
    text: 'a device reports an alarm; its own code and priority say which',
  },
  MALFORMED_DATA: {
    priority: 'low',
    of: 'node',
    lasting: false,
    text: 'a node sent malformed data',
  },
} as const satisfies AlarmDefinitions;

export type AlarmCode = keyof typeof ALARM_CODES;
/** What a device reports, with its own code and priority. */
export interface DeviceAlarmSubject {
  readonly address: number;
  readonly device: string;
  readonly deviceCode: string;
  readonly priority: AlarmPriority;
  readonly isLasting: boolean;
}
/** A node's address, or a source's name, or a device with its own code. */
export type AlarmSubject = number | string | DeviceAlarmSubject;
export type AlarmPriority = (typeof ALARM_PRIORITIES)[number];

/** Times are ms since the epoch, host clock. */
export interface Alarm {
  /** Code and subject: `NODE_DISCONNECTED:5`, `LINK_LOST:hev`; the code alone for the mesh or the gateway. */
  readonly id: string;
  readonly code: string;
  readonly priority: AlarmPriority;
  readonly node?: number;
  /** The source of devices, if that is the subject. */
  readonly source?: string;
  /** Of `DEVICE_ALARM`: the id of the device, and the device's own code. */
  readonly device?: string;
  readonly deviceCode?: string;
  readonly text: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  /** The condition exists at present. */
  readonly active: boolean;
  readonly acknowledged: boolean;
  /** From an earlier run of the gateway, not seen since. */
  readonly restored?: boolean;
}

/** Most alarms are one per node. Above this limit the oldest below high priority is dropped, and counted. */
const MAX_ALARMS = 1000;

/** Alarms are latched: each stays open until its condition has ended and someone has acknowledged it. */
export class Alarms {
  /** Every code that can be raised. */
  readonly definitions: AlarmDefinitions;
  readonly #clock: Clock;
  readonly #onChange: (alarm: Alarm) => void;
  readonly #alarms = new Map<string, Alarm>();
  #dropped = 0;

  /** `extra`: codes of connectors and devices. */
  constructor(clock: Clock, onChange: (alarm: Alarm) => void, extra: AlarmDefinitions = {}) {
    this.definitions = { ...ALARM_CODES, ...extra };
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Adds the open alarms of an earlier run, without events. */
  restore(alarms: readonly Alarm[]): void {
    for (const alarm of alarms.slice(-MAX_ALARMS)) {
      if (Object.hasOwn(this.definitions, alarm.code))
        this.#alarms.set(alarm.id, { ...alarm, restored: true });
    }
  }

  /**
   * Adds the open alarms of an earlier run whose file could only be read later, with events. `mayStillBe`: whether the
   * condition of an alarm that this run has not raised may still exist.
   */
  join(alarms: readonly Alarm[], mayStillBe: (alarm: Alarm) => boolean): void {
    for (const before of alarms.slice(-MAX_ALARMS)) {
      if (!Object.hasOwn(this.definitions, before.code)) continue;
      const now = this.#alarms.get(before.id);
      if (now)
        this.#put({
          ...now,
          firstAt: before.firstAt,
          count: now.count + before.count - (before.active ? 1 : 0),
        });
      else this.#put({ ...before, restored: true, active: before.active && mayStillBe(before) });
    }
  }

  /** Oldest first. */
  all(): Alarm[] {
    return [...this.#alarms.values()];
  }

  counters() {
    return { open: this.#alarms.size, dropped: this.#dropped };
  }

  /**
   * The condition exists, or has occurred again. `text` replaces the text of the code where there is more detail; a
   * changed text updates an alarm that is active already. An undefined code is ignored.
   */
  raise(code: string, about?: AlarmSubject, text = this.definitions[code]?.text): void {
    const { priority, lasting } = this.definitions[code] ?? {};
    if (priority === undefined || lasting === undefined || text === undefined) return;
    const id = alarmId(code, about);
    const known = this.#alarms.get(id);
    if (known?.active && !known.restored && known.text === text) return;
    const now = this.#clock.now();
    this.#put({
      id,
      code,
      priority: typeof about === 'object' ? about.priority : priority,
      text,
      firstAt: known?.firstAt ?? now,
      lastAt: now,
      count: known?.restored && known.active ? known.count : (known?.count ?? 0) + 1,
      active: typeof about === 'object' ? about.isLasting : lasting,
      acknowledged: false,
      ...factsOf(about),
    });
  }

  isActive(code: AlarmCode, about?: AlarmSubject): boolean {
    return this.#alarms.get(alarmId(code, about))?.active ?? false;
  }

  /** The condition has ended. */
  clear(code: string, about?: AlarmSubject): void {
    const alarm = this.#alarms.get(alarmId(code, about));
    if (alarm?.active) this.#put({ ...withoutRestored(alarm), active: false });
  }

  find(id: string): Alarm | undefined {
    return this.#alarms.get(id);
  }

  /** The condition that a device reported is over. */
  clearOfDevice(device: string, deviceCode: string): void {
    const alarm = this.#alarms.get(deviceAlarmId('DEVICE_ALARM', device, deviceCode));
    if (alarm?.active) this.#put({ ...withoutRestored(alarm), active: false });
  }

  /** Returns false if there is no such alarm. */
  acknowledge(id: string): boolean {
    const alarm = this.#alarms.get(id);
    if (alarm && !alarm.acknowledged) this.#put({ ...withoutRestored(alarm), acknowledged: true });
    return alarm !== undefined;
  }

  /** Closes every alarm about this node, acknowledged or not. Returns the number closed. */
  closeOf(node: number): number {
    const open = this.all().filter((alarm) => alarm.node === node);
    for (const alarm of open) this.#put({ ...withoutRestored(alarm), active: false, acknowledged: true });
    return open.length;
  }

  #put(alarm: Alarm): void {
    if (alarm.acknowledged && !alarm.active) this.#alarms.delete(alarm.id);
    else this.#alarms.set(alarm.id, alarm);
    if (this.#alarms.size > MAX_ALARMS) this.#dropOldest();
    this.#onChange(alarm);
  }

  /** Codes of devices have no end, so theirs of high priority are dropped too if there are no others. */
  #dropOldest(): void {
    const all = this.all();
    const oldest =
      all.find(({ priority }) => priority !== 'high') ??
      all.find(({ deviceCode }) => deviceCode !== undefined);
    if (oldest && this.#alarms.delete(oldest.id)) this.#dropped++;
  }
}

function withoutRestored({ restored: _, ...alarm }: Alarm): Alarm {
  return alarm;
}

function factsOf(about: AlarmSubject | undefined): Partial<Alarm> {
  if (typeof about === 'number') return { node: about };
  if (typeof about === 'string') return { source: about };
  return about === undefined
    ? {}
    : { node: about.address, device: about.device, deviceCode: about.deviceCode };
}

function alarmId(code: string, about: AlarmSubject | undefined): string {
  if (typeof about === 'object') return deviceAlarmId(code, about.device, about.deviceCode);
  return about === undefined ? code : `${code}:${about}`;
}

function deviceAlarmId(code: string, device: string, deviceCode: string): string {
  return `${code}:${device}:${deviceCode}`;
}
