import type { Clock } from '../base/clock.js';

/** From the most urgent down. */
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
 * What a person should know even if nobody was looking; connectors and devices have codes of their own besides, in
 * their manifests. Each has a line in docs/protocol.md.
 * `lasting`: there is a condition that ends by itself; the others are over as soon as they are noticed. `of`: what an
 * alarm is about, one node or the gateway as a whole.
 */
export const ALARM_CODES = {
  LINK_LOST: { priority: 'high', of: 'gateway', lasting: true, text: 'there is no link to the root' },
  ROOT_SILENT: {
    priority: 'high',
    of: 'gateway',
    lasting: true,
    text: 'the link is open, but the root says nothing',
  },
  ROOT_CHANGED: {
    priority: 'high',
    of: 'gateway',
    lasting: false,
    text: 'another board is connected as the root',
  },
  ROOT_RESTARTED: { priority: 'medium', of: 'gateway', lasting: false, text: 'the root has restarted' },
  HISTORY_FAILING: {
    priority: 'medium',
    of: 'gateway',
    lasting: true,
    text: 'the history store can not be written: what comes now is kept in memory only',
  },
  NODE_DISCONNECTED: { priority: 'medium', of: 'node', lasting: true, text: 'a node is no longer heard' },
  SOCKET_LOST: {
    priority: 'high',
    of: 'gateway',
    lasting: true,
    text: 'clients can not connect: a socket of the gateway has gone',
  },
  QUEUE_FULL: {
    priority: 'medium',
    of: 'gateway',
    lasting: false,
    text: 'commands were refused because too many were waiting',
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
    text: 'a node sends data that can not be read',
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
  /** The code, and what it is about: `NODE_DISCONNECTED:5`, `LINK_LOST:hev`; the code alone where it is about the mesh. */
  readonly id: string;
  readonly code: string;
  readonly priority: AlarmPriority;
  readonly node?: number;
  /** The source of devices that it is about. */
  readonly source?: string;
  /** Of `DEVICE_ALARM`: the id of the device, and the device's own code. */
  readonly device?: string;
  readonly deviceCode?: string;
  readonly text: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  /** The condition is there now. */
  readonly active: boolean;
  readonly acknowledged: boolean;
  /** It is from an earlier run of the gateway, and nothing was heard of it since. */
  readonly restored?: boolean;
}

/** Most come one a node; beyond this many the oldest that is not of high priority is dropped, and counted. */
const MAX_ALARMS = 1000;

/** Alarms are latched: one stays until its condition is over and somebody has acknowledged it. */
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

  /** Takes over those that an earlier run has left open; no event tells it. */
  restore(alarms: readonly Alarm[]): void {
    for (const alarm of alarms.slice(-MAX_ALARMS)) {
      if (Object.hasOwn(this.definitions, alarm.code))
        this.#alarms.set(alarm.id, { ...alarm, restored: true });
    }
  }

  /**
   * The file of an earlier run was read late: its open alarms join those of this run, and events say so. `isStill`: the
   * condition of one that this run has not noticed may be there yet.
   */
  join(alarms: readonly Alarm[], isStill: (alarm: Alarm) => boolean): void {
    for (const before of alarms.slice(-MAX_ALARMS)) {
      if (!Object.hasOwn(this.definitions, before.code)) continue;
      const now = this.#alarms.get(before.id);
      if (now)
        this.#put({
          ...now,
          firstAt: before.firstAt,
          count: now.count + before.count - (before.active ? 1 : 0),
        });
      else this.#put({ ...before, restored: true, active: before.active && isStill(before) });
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
   * The condition is there, or has come again. `text` says more than the code's own where there is more to say; another
   * text is news of a condition that is there already. A code that nobody has defined does nothing.
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

  /** The condition is over. */
  clear(code: string, about?: AlarmSubject): void {
    const alarm = this.#alarms.get(alarmId(code, about));
    if (alarm?.active) this.#put({ ...withoutRestored(alarm), active: false });
  }

  find(id: string): Alarm | undefined {
    return this.#alarms.get(id);
  }

  /** The condition that a device reported is over. */
  clearOfDevice(device: string, deviceCode: string): void {
    const alarm = this.#alarms.get(`DEVICE_ALARM:${device}:${deviceCode}`);
    if (alarm?.active) this.#put({ ...withoutRestored(alarm), active: false });
  }

  /** False when there is no such alarm. */
  acknowledge(id: string): boolean {
    const alarm = this.#alarms.get(id);
    if (alarm && !alarm.acknowledged) this.#put({ ...withoutRestored(alarm), acknowledged: true });
    return alarm !== undefined;
  }

  /** Closes every alarm about this node, acknowledged or not. Returns how many. */
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

  #dropOldest(): void {
    for (const { id, priority } of this.#alarms.values()) {
      if (priority === 'high') continue;
      this.#alarms.delete(id);
      this.#dropped++;
      return;
    }
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
  if (typeof about === 'object') return `${code}:${about.device}:${about.deviceCode}`;
  return about === undefined ? code : `${code}:${about}`;
}
