/** Strict mode: every payload of the microcontroller becomes a packet; requests become commands of its device. */
import {
  commandName,
  deviceAlarmCode,
  type HevAlarmName,
  numberNamed,
  PERSONAL_COMMAND,
  PERSONAL_LENGTHS,
  readDeviceAlarmCode,
} from '../../codecs/hev/in-hub.js';
import { ALARM_CODES, ALARM_TYPE, COMMAND_CODES, type CommandFamily } from '../../codecs/hev/names.js';
import {
  decodePayload,
  describePayload,
  PAYLOAD_VERSION,
  type PayloadName,
} from '../../codecs/hev/payload.js';
import type { HevPlace } from '../../config/sections/hev.js';
import type { Alarm } from '../../hub/alarms.js';
import { checkArguments } from '../../hub/command-definition.js';
import type { DeviceReport, Hub, HubEvent } from '../../hub/hub.js';
import { LatchedAlarms } from './latched-alarms.js';
import type { AlarmObject, HevMode, SendPacket } from './mode.js';
import type { HevRequest } from './request.js';
import type { RequestFault } from './server-counts.js';

/** Acknowledged on the line, and for no client. */
const NOT_BROADCAST: ReadonlySet<PayloadName> = new Set<PayloadName>(['LOGMSG', 'LOOP_STATUS']);
const PERSONAL_NUMBERS = ['age', 'height', 'weight'] as const;

export interface ModeOptions {
  readonly hub: Hub;
  readonly place: HevPlace;
  readonly send: SendPacket;
}

export class StrictMode implements HevMode {
  readonly #options: ModeOptions;
  readonly #latched = new LatchedAlarms();
  #cancels: readonly (() => void)[] = [];

  constructor(options: ModeOptions) {
    this.#options = options;
  }

  /** Alarms of an earlier run, and of the time before, are latched in the hub. */
  start(): void {
    const { hub, place } = this.#options;
    for (const alarm of hub.alarms.open()) {
      const name = this.#nameOf(alarm);
      if (name && !alarm.acknowledged) this.#latched.latch(alarmObject(name));
    }
    this.#cancels = [
      hub.watchReports(place.id, (report) => this.#onReport(report)),
      hub.feed.subscribe((event) => this.#onEvent(event)),
    ];
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  alarms(): readonly AlarmObject[] {
    return this.#latched.list;
  }

  counters() {
    return { alarms: this.#latched.list.length, alarmsDropped: this.#latched.dropped };
  }

  carryOut(request: HevRequest, owner: string): RequestFault | undefined {
    switch (request.kind) {
      case 'command':
        return this.#command(request, owner);
      case 'alarm':
        return this.#acknowledge(request);
      case 'personal':
        return this.#personal(request.fields, owner);
    }
  }

  #onReport({ value }: DeviceReport): void {
    const payload = decodePayload(value.bytes);
    if (typeof payload === 'string' || NOT_BROADCAST.has(payload.type)) return;
    const body = describePayload(payload);
    if (payload.type === 'ALARM') this.#latched.latch(body as unknown as AlarmObject);
    this.#options.send(payload.type, body);
  }

  /** Somebody acknowledged it elsewhere: on the command line, over MQTT, on the page. */
  #onEvent(event: HubEvent): void {
    if (event.kind !== 'alarm' || !event.alarm.acknowledged) return;
    const name = this.#nameOf(event.alarm);
    if (name) this.#latched.acknowledge(name);
  }

  #nameOf({ device, deviceCode }: Alarm): HevAlarmName | undefined {
    if (device !== this.#options.place.id || deviceCode === undefined) return undefined;
    return readDeviceAlarmCode(deviceCode);
  }

  /** One that is not in the list is acknowledged, too. */
  #acknowledge({ type, code }: Extract<HevRequest, { kind: 'alarm' }>): RequestFault | undefined {
    const { hub, place } = this.#options;
    if (type === undefined || code === undefined) return 'unknownAlarm';
    const name = { type, code };
    const isNamed =
      numberNamed(ALARM_TYPE, type) !== undefined && numberNamed(ALARM_CODES, code) !== undefined;
    if (!isNamed && !this.#latched.has(name)) return 'unknownAlarm';
    this.#latched.acknowledge(name);
    hub.alarms.acknowledge(`DEVICE_ALARM:${place.id}:${deviceAlarmCode(name)}`);
    return undefined;
  }

  #command(
    { cmdtype, cmd, param }: Extract<HevRequest, { kind: 'command' }>,
    owner: string,
  ): RequestFault | undefined {
    const family = familyNamed(cmdtype);
    const codes = family && COMMAND_CODES[family];
    if (!family || !codes || numberNamed(codes, cmd) === undefined) return 'unknownCommand';
    if (param === undefined) return 'badParam';
    return this.#give(commandName(family), { code: cmd, param }, owner);
  }

  #personal(fields: Readonly<Record<string, unknown>>, owner: string): RequestFault | undefined {
    const { name, sex, patient_id = '' } = fields;
    if (typeof name !== 'string' || typeof sex !== 'string' || typeof patient_id !== 'string')
      return 'badPersonal';
    const texts = {
      name: cut(name, 'name'),
      sex: cut(sex, 'sex'),
      patient_id: cut(patient_id, 'patient_id'),
    };
    const numbers = PERSONAL_NUMBERS.map((key) => [key, fields[key]] as const);
    if (numbers.some(([, number]) => number === undefined)) return 'badPersonal';
    const fault = this.#give(PERSONAL_COMMAND, { ...texts, ...Object.fromEntries(numbers) }, owner);
    return fault === 'badParam' ? 'badPersonal' : fault;
  }

  /** Accepted: it is in the queue of the line. Whether the microcontroller got it shows in the stages of the delivery. */
  #give(name: string, values: Readonly<Record<string, unknown>>, owner: string): RequestFault | undefined {
    const { hub, place } = this.#options;
    const { address } = place;
    const definition = hub.picture.findDevice(address)?.commands.find((one) => one.name === name);
    if (!definition) return 'noLink';
    const checked = checkArguments(definition, values);
    if ('fault' in checked) return 'badParam';
    const begun = hub.commands.command({ address, definition, arguments: checked.values, by: { owner } });
    if (begun.stage !== 'failed') return undefined;
    if (begun.failure === 'queueFull') return 'busy';
    return begun.failure === 'noLink' || begun.failure === 'linkLost' ? 'noLink' : 'refused';
  }
}

function familyNamed(name: unknown): CommandFamily | undefined {
  return typeof name === 'string' && Object.hasOwn(COMMAND_CODES, name) ? (name as CommandFamily) : undefined;
}

function cut(text: string, field: keyof typeof PERSONAL_LENGTHS): string {
  return text.slice(0, PERSONAL_LENGTHS[field]);
}

/** Of an alarm whose time stamp and parameter are not known. */
function alarmObject({ type, code }: HevAlarmName): AlarmObject {
  return {
    version: PAYLOAD_VERSION,
    timestamp: 0,
    payload_type: 'ALARM',
    alarm_type: type,
    alarm_code: code,
    param: 0,
  };
}
