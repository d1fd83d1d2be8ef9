/** Mesh mode: the nodes of the mesh as packets, for programs that know the ventilator's server. */
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import type { AlarmPriorityName } from '../../codecs/hev/names.js';
import { PAYLOAD_VERSION } from '../../codecs/hev/payload.js';
import type { HevPlace } from '../../config/sections/hev.js';
import type { Alarm, AlarmPriority } from '../../hub/alarms.js';
import type { CommandFailure } from '../../hub/failures.js';
import type { Command, Hub, HubEvent, NodeView } from '../../hub/hub.js';
import { isDevice, MAX_UNICAST_ADDRESS } from '../../protocol/address.js';
import { decodeValue } from '../../protocol/data-types.js';
import { numberIn } from '../../protocol/names.js';
import { type AlarmObject, type HevMode, MAX_BODY_LENGTH, type SendPacket } from './mode.js';
import type { HevRequest } from './request.js';
import type { RequestFault } from './server-counts.js';

export interface MeshModeOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly place: HevPlace;
  readonly send: SendPacket;
}

/** Packets of nodes: 20 a second. */
const NODE_EVERY_MS = 50;
const SLOW_EVERY_MS = 1000;
/** Of `param` in a list of alarms: the alarm is about no node. */
const NO_NODE = 0;
const PRIORITIES: Readonly<Record<AlarmPriority, AlarmPriorityName>> = {
  low: 'PRIORITY_LOW',
  medium: 'PRIORITY_MEDIUM',
  high: 'PRIORITY_HIGH',
};
/** A time stamp has 32 bits. */
const TIMESTAMPS = 2 ** 32;
/** Room for the keys that every packet of a node has. */
const MAX_FIELDS_LENGTH = MAX_BODY_LENGTH - 500;

const BARE: Readonly<Record<string, Command>> = {
  RESET_ROOT: { kind: 'resetRoot' },
  REFRESH: { kind: 'refreshNodes' },
  REFRESH_PATHS: { kind: 'refreshPaths' },
};

export class MeshMode implements HevMode {
  readonly #options: MeshModeOptions;
  readonly #startedAt: number;
  /** Nodes that have changed since their last packet; the longest ago first. */
  readonly #changed = new Set<number>();
  #alarms: readonly AlarmObject[] = [];
  /** Ids of alarms that had their packet. */
  readonly #announced = new Set<string>();
  #fieldsLeftOut = 0;
  #cancels: readonly CancelTimer[] = [];

  constructor(options: MeshModeOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
  }

  start(): void {
    const { hub, clock } = this.#options;
    this.#updateAlarms();
    for (const alarm of hub.alarms.open()) this.#announced.add(alarm.id);
    for (const { address } of hub.picture.nodes()) this.#changed.add(address);
    this.#cancels = [
      hub.feed.subscribe((event) => this.#onEvent(event)),
      every(clock, NODE_EVERY_MS, () => this.#sendNode()),
      every(clock, SLOW_EVERY_MS, () => this.#sendSlow()),
    ];
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  alarms(): readonly AlarmObject[] {
    return this.#alarms;
  }

  counters() {
    return { alarms: this.#alarms.length, fieldsLeftOut: this.#fieldsLeftOut };
  }

  carryOut(request: HevRequest, owner: string): RequestFault | undefined | Promise<RequestFault | undefined> {
    if (request.kind === 'alarm') return this.#acknowledge(request);
    if (request.kind === 'personal') return 'unknownType';
    const { cmdtype, cmd } = request;
    if (cmdtype !== 'MESH' || typeof cmd !== 'string') return 'unknownCommand';
    if (cmd === 'SEND' || cmd === 'BROADCAST') return this.#send(cmd, request, owner);
    const command = Object.hasOwn(BARE, cmd) ? BARE[cmd] : undefined;
    return command ? this.#execute(command, owner) : 'unknownCommand';
  }

  #onEvent(event: HubEvent): void {
    if (event.kind === 'alarm') this.#onAlarm(event.alarm);
    else if ((event.kind === 'value' || event.kind === 'node') && !isDevice(event.node))
      this.#changed.add(event.node);
  }

  #onAlarm(alarm: Alarm): void {
    this.#updateAlarms();
    if (this.#isOwn(alarm)) return;
    if (alarm.acknowledged || this.#announced.has(alarm.id)) {
      if (alarm.acknowledged) this.#announced.delete(alarm.id);
      return;
    }
    this.#announced.add(alarm.id);
    this.#options.send('ALARM', { ...this.#alarmObject(alarm) });
  }

  #updateAlarms(): void {
    const open = this.#options.hub.alarms.open();
    const listed = open.filter((alarm) => !alarm.acknowledged && !this.#isOwn(alarm));
    this.#alarms = listed.map((alarm) => this.#alarmObject(alarm));
  }

  /** The section's own device is left out of the packets. */
  #isOwn({ device, source }: Alarm): boolean {
    const { id } = this.#options.place;
    return device === id || source === id;
  }

  #alarmObject({ code, priority, node = NO_NODE }: Alarm): AlarmObject {
    return {
      ...this.#head('ALARM'),
      payload_type: 'ALARM',
      alarm_type: PRIORITIES[priority],
      alarm_code: code,
      param: node,
    };
  }

  #head(payloadType: string) {
    const timestamp = Math.floor(this.#options.clock.monotonic() - this.#startedAt) % TIMESTAMPS;
    return { version: PAYLOAD_VERSION, timestamp, payload_type: payloadType };
  }

  #sendNode(): void {
    const { hub, send } = this.#options;
    const [address] = this.#changed;
    if (address === undefined) return;
    this.#changed.delete(address);
    const node = hub.picture.findNode(address);
    if (node)
      send('DATA', { ...this.#head('DATA'), node: address, name: node.name, ...this.#fieldsOf(node) });
  }

  #fieldsOf({ latest }: NodeView): Record<string, number | string | null> {
    const fields: Record<string, number | string | null> = {};
    let length = 0;
    for (const { type, value } of latest) {
      for (const [name, { value: content }] of Object.entries(decodeValue(type, value.bytes))) {
        const key = `${type.name}.${name}`;
        const sent = typeof content === 'number' && !Number.isFinite(content) ? null : content;
        const size = asciiLength(key) + asciiLength(sent) + 4;
        length += size;
        if (length <= MAX_FIELDS_LENGTH) fields[key] = sent;
        else {
          length -= size;
          this.#fieldsLeftOut++;
        }
      }
    }
    return fields;
  }

  #sendSlow(): void {
    const { hub, send, place } = this.#options;
    const counts = new Map<string, number>();
    const nodes = hub.picture.nodes();
    for (const { status } of nodes) counts.set(status, (counts.get(status) ?? 0) + 1);
    send('READBACK', { ...this.#head('READBACK'), nodes: nodes.length, ...Object.fromEntries(counts) });
    if (place.table.battery) send('BATTERY', this.#battery());
  }

  /** The gateway's health, in the form of the battery board. */
  #battery(): Record<string, number | string> {
    const { alarms, ready, nodes, history } = this.#options.hub.health();
    const isHealthy = [alarms, ready, nodes, history].every((reason) => reason === undefined);
    const rest = { rdy2buf: 0, bat85: 0, prob_elec: 0, dummy: 1 };
    return {
      ...this.#head('BATTERY'),
      bat: 0,
      ok: Number(isHealthy),
      alarm: Number(alarms !== undefined),
      ...rest,
    };
  }

  /** `param` chooses the alarm of one node; without it, those of all nodes with this code and priority. */
  #acknowledge({ type, code, param }: Extract<HevRequest, { kind: 'alarm' }>): RequestFault | undefined {
    const { hub } = this.#options;
    if (typeof code !== 'string' || !Object.hasOwn(hub.alarms.definitions, code)) return 'unknownAlarm';
    if (!Object.values<unknown>(PRIORITIES).includes(type)) return 'unknownAlarm';
    for (const alarm of hub.alarms.open()) {
      const isMeant = alarm.code === code && PRIORITIES[alarm.priority] === type && !this.#isOwn(alarm);
      if (isMeant && (param === undefined || param === (alarm.node ?? NO_NODE)))
        hub.alarms.acknowledge(alarm.id);
    }
    return undefined;
  }

  #send(
    cmd: 'SEND' | 'BROADCAST',
    { node, data }: Extract<HevRequest, { kind: 'command' }>,
    owner: string,
  ): RequestFault | undefined {
    if (typeof data !== 'string' || !/^(?:[0-9a-f]{2})+$/i.test(data)) return 'badParam';
    const message = Buffer.from(data, 'hex');
    const to = cmd === 'SEND' ? this.#addressOf(node) : 0;
    if (to === undefined) return 'unknownNode';
    const { commands } = this.#options.hub;
    const sending = cmd === 'SEND' ? ({ kind: 'send', to, message, tracked: false } as const) : undefined;
    return faultOf(commands.deliver(sending ?? { kind: 'broadcast', message }, { owner }).failure);
  }

  /** A number, or a name; 0: the root. */
  #addressOf(node: unknown): number | undefined {
    const { picture } = this.#options.hub;
    const given = typeof node === 'string' ? (numberIn(node) ?? picture.addressOf(node)) : node;
    const isNode = Number.isInteger(given) && Number(given) >= 0 && Number(given) <= MAX_UNICAST_ADDRESS;
    return isNode ? Number(given) : undefined;
  }

  async #execute(command: Command, owner: string): Promise<RequestFault | undefined> {
    const outcome = await this.#options.hub.commands.execute(command, owner);
    return outcome.ok ? undefined : faultOf(outcome.reason);
  }
}

function faultOf(failure: CommandFailure | undefined): RequestFault | undefined {
  if (failure === undefined) return undefined;
  if (failure === 'queueFull' || failure === 'deviceBusy') return 'busy';
  return failure === 'noLink' || failure === 'linkLost' ? 'noLink' : 'refused';
}

/** As JSON in ASCII: a character beyond ASCII takes 6 bytes. */
function asciiLength(content: number | string | null): number {
  return JSON.stringify(content).replace(/[\u007f-\uffff]/g, '\\uffff').length;
}
