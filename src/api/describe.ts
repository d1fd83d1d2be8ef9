/** Describes the hub's objects in the session's format: see shapes.ts. */
import { cleanText } from '../base/clean-text.js';
import type { Alarm } from '../hub/alarms.js';
import type { ArchivedValue, ArchiveStatus } from '../hub/archive.js';
import type { CommandDefinition } from '../hub/command-definition.js';
import type { Delivery } from '../hub/deliveries.js';
import {
  HEALTH_CHECKS,
  HEALTH_REASONS,
  type Health,
  type HealthReason,
  levelOf,
  worstLevel,
} from '../hub/health.js';
import {
  COMMAND_FAILURES,
  type DeviceView,
  type Hub,
  type HubEvent,
  type NodeValue,
  type NodeView,
  type RootView,
} from '../hub/hub.js';
import { LINK_DOWN_REASONS, type LinkDownReason } from '../link/link.js';
import type { LinkStatus } from '../link/link-keeper.js';
import type { TimedValue } from '../node/node-values.js';
import { formatAddress, isDevice } from '../protocol/address.js';
import { type DataType, type DecodedValue, decodeValue } from '../protocol/data-types.js';
import { MALFORMED_REASONS, type Message, messageName } from '../protocol/message.js';
import type {
  AgedValue,
  AlarmInfo,
  CommandInfo,
  DeliveryInfo,
  DeviceDetails,
  DeviceInfo,
  HealthInfo,
  HistoryInfo,
  LinkInfo,
  MeshEvent,
  MessageInfo,
  NodeInfo,
  RootInfo,
  Snapshot,
  Value,
} from './shapes.js';

export function describeLink({ state, since, name, identity, reason, detail }: LinkStatus): LinkInfo {
  const words = reason === undefined ? null : LINK_DOWN_REASONS[reason];
  return {
    state,
    since,
    port: name ?? null,
    identity: identity ?? null,
    reason: reason ?? null,
    detail: words === null || !detail ? words : `${words}: ${cleanText(detail)}`,
  };
}

/** The checks in order, each with its reason as text if it finds a problem. */
export function describeHealth(health: Health): HealthInfo {
  const checks = HEALTH_CHECKS.map((check) => {
    const reason = health[check];
    const level = levelOf(reason);
    return {
      check,
      ok: level !== 'unhealthy',
      level,
      reason: reason ?? null,
      text: reason ? checkText(reason, health) : null,
    };
  });
  return {
    ready: health.ready === undefined,
    healthy: checks.every(({ ok }) => ok),
    level: worstLevel(checks.map(({ level }) => level)),
    checks,
  };
}

function checkText(reason: HealthReason, { historyFault }: Health): string {
  const isMore = (reason === 'historyFailing' || reason === 'historyInMemory') && historyFault !== undefined;
  return isMore ? `${healthText(reason)}: ${historyFault}` : healthText(reason);
}

/** The text of a reason. */
export function healthText(reason: HealthReason): string {
  return reason in HEALTH_REASONS
    ? HEALTH_REASONS[reason as keyof typeof HEALTH_REASONS].text
    : LINK_DOWN_REASONS[reason as LinkDownReason];
}

export function describeRoot({ lastHeardAt, resets }: RootView): RootInfo {
  return { lastHeardAt: lastHeardAt ?? null, resets };
}

export function describeValue({ node, device, type, value }: NodeValue): Value {
  return withFields({ node, device }, type, value, describeFields(decodeValue(type, value.bytes)));
}

/** A stored value: without fields if its type had a different definition when it was stored. */
export function describeArchived(
  { node, typeId, value, formerType }: ArchivedValue,
  { tables, picture }: Hub,
): Value {
  const type = tables.dataTypes.findById(typeId);
  const device = isDevice(node) ? picture.nameOf(node) : undefined;
  if (type && formerType === undefined) return describeValue({ node, device, type, value });
  return withFields({ node, device }, { id: typeId, name: formerType ?? String(typeId) }, value, {});
}

function withFields(
  { node, device }: { readonly node: number; readonly device?: string | undefined },
  { id, name }: Pick<DataType, 'id' | 'name'>,
  { bytes, receivedAt, deviceTime }: TimedValue,
  fields: DecodedValue,
): Value {
  const hex = bytes.toString('hex');
  const at = deviceTime ?? null;
  // Two literals: a spread costs as much as everything else here.
  return device === undefined
    ? { node, type: name, id, bytes: hex, fields, receivedAt, deviceTime: at }
    : { node, device, type: name, id, bytes: hex, fields, receivedAt, deviceTime: at };
}

/** JSON has no NaN or Infinity: they are given as strings. */
function describeFields(fields: DecodedValue): DecodedValue {
  const names = Object.keys(fields).filter((name) => isNotFinite(fields[name]?.value));
  if (names.length === 0) return fields;
  const named = names.map((name) => [name, { ...fields[name], value: String(fields[name]?.value) }]);
  return { ...fields, ...Object.fromEntries(named) };
}

function isNotFinite(value: number | string | undefined): boolean {
  return typeof value === 'number' && !Number.isFinite(value);
}

/** `now`: ms since the epoch, host clock; an age is never negative, even if the clock is set back. */
export function describeAgedValue(value: NodeValue, now: number): AgedValue {
  return describeAge(describeValue(value), now);
}

export function describeAge(value: Value, now: number): AgedValue {
  return { ...value, ageMs: Math.max(0, now - value.receivedAt) };
}

export function describeNode(
  { address, name, uuid, status, restored, lastHeardAt, latest }: NodeView,
  now: number,
): NodeInfo {
  const device = isDevice(address) ? name : undefined;
  const info = {
    address,
    name,
    uuid: uuid?.toString('hex') ?? null,
    status,
    restored,
    lastHeardAt: lastHeardAt ?? null,
    values: latest.map(({ type, value }) => describeAgedValue({ node: address, device, type, value }, now)),
  };
  return device === undefined ? info : { ...info, device };
}

export function describeDevice(view: DeviceView, now: number): DeviceInfo {
  const { status, restored, lastHeardAt, values } = describeNode(view, now);
  return { id: view.id, node: view.address, source: view.source, status, restored, lastHeardAt, values };
}

export const UNKNOWN_MEDIA = 'application/octet-stream';

export function describeDeviceDetails(view: DeviceView, now: number): DeviceDetails {
  return {
    ...describeDevice(view, now),
    description: view.description ?? null,
    link: describeLink(view.link),
    images: view.media.map(({ type, receivedAt, bytes }) => ({
      type: type.name,
      id: type.id,
      mediaType: type.latestOnly?.mediaType ?? UNKNOWN_MEDIA,
      receivedAt,
      bytes: bytes.length,
    })),
    commands: view.commands.map(describeCommand),
  };
}

function describeCommand(definition: CommandDefinition): CommandInfo {
  const { name, summary, role = 'send', isHazardous = false, isAbortable = false } = definition;
  const listed = definition.arguments.map((argument) => ({
    name: argument.name,
    type: argument.type,
    summary: argument.summary ?? null,
    unit: argument.unit ?? null,
    min: argument.min ?? null,
    max: argument.max ?? null,
    choices: argument.choices ? [...argument.choices] : null,
    default: argument.default ?? null,
    required: argument.default === undefined && !argument.optional,
  }));
  return { name, summary, role, hazardous: isHazardous, abortable: isAbortable, arguments: listed };
}

export function describeHistory({ file, fault, driver, storedSeq }: ArchiveStatus): HistoryInfo {
  return {
    file: file ?? null,
    fault: fault ?? null,
    driver: driver ?? null,
    storedSeq: storedSeq ?? null,
  };
}

export function describeAlarm({ node, restored = false, ...alarm }: Alarm): AlarmInfo {
  return { ...alarm, node: node ?? null, restored };
}

export function describeDelivery(delivery: Delivery): DeliveryInfo {
  const { id, to, message, stage, stages, failure, answer, roundTripMs } = delivery;
  return {
    id,
    to: to ?? null,
    message: message.toString('hex'),
    ...describeCommandOf(delivery),
    stage,
    stages: [...stages],
    failure: failure ?? null,
    answer: answer?.toString('hex') ?? null,
    roundTripMs: roundTripMs ?? null,
    ...(failure !== undefined && { detail: failureText(delivery) }),
  };
}

function describeCommandOf({ device, command, progress, result, failure, detail }: Delivery) {
  if (device === undefined || !command) return {};
  return {
    device,
    command: { name: command.name, arguments: { ...command.arguments } },
    ...(progress && { progress }),
    ...(result !== undefined && { result }),
    ...(failure === undefined && detail !== undefined && { detail }),
  };
}

/** Why a delivery failed, as text, with the root's or the device's own words if there are any. */
export function failureText({ failure, rootWords, detail }: Delivery): string | undefined {
  if (failure === undefined) return undefined;
  const { text } = COMMAND_FAILURES[failure];
  const words = rootWords ?? detail;
  return words === undefined ? text : `${text}: ${words}`;
}

/** The complete picture as of the hub's last event. */
export function describeSnapshot(hub: Hub, now: number): Snapshot {
  const nodes = hub.picture.nodes().map((node) => describeNode(node, now));
  return { ...describeSnapshotHead(hub), nodes, ...describeSnapshotTail(hub, now) };
}

/** The parts of the picture before and after its nodes, as of the hub's last event. */
export function describeSnapshotHead(hub: Hub): Pick<Snapshot, 'seq' | 'link' | 'root'> {
  return {
    seq: hub.feed.lastSeq(),
    link: describeLink(hub.picture.link()),
    root: describeRoot(hub.picture.root()),
  };
}

export function describeSnapshotTail(
  hub: Hub,
  now: number,
): Pick<Snapshot, 'paths' | 'robots' | 'alarms' | 'devices'> {
  return {
    paths: [...hub.picture.paths()],
    robots: [...hub.picture.robots()],
    alarms: hub.alarms.open().map(describeAlarm),
    devices: hub.picture.devices().map((device) => describeDevice(device, now)),
  };
}

export function describeEvent(event: HubEvent): MeshEvent {
  const { seq, at } = event;
  switch (event.kind) {
    case 'message':
      return { seq, at, kind: 'message', message: describeMessage(event.message, event.toListeners) };
    case 'value':
      return { seq, at, kind: 'value', value: describeValue(event) };
    case 'node': {
      const status = event.change === 'status' ? event.status : null;
      const { node, device, change } = event;
      const subject = device === undefined ? { node } : { node, device };
      return { seq, at, kind: 'node', ...subject, change, status };
    }
    case 'recovery': {
      const { step, round, outcome } = event;
      return { seq, at, kind: 'recovery', step, round, outcome };
    }
    case 'paths':
      return { seq, at, kind: 'paths', paths: [...event.paths] };
    case 'link':
      return { seq, at, kind: 'link', link: describeLink(event.status) };
    case 'delivery':
      return { seq, at, kind: 'delivery', delivery: describeDelivery(event.delivery) };
    case 'alarm':
      return { seq, at, kind: 'alarm', alarm: describeAlarm(event.alarm) };
    case 'console':
      return { seq, at, kind: 'console', line: event.line };
    case 'traffic': {
      const { client, what } = event;
      const body = event.what === 'sent' ? event.body.toString('hex') : null;
      return { seq, at, kind: 'traffic', client, what, body, text: event.what === 'log' ? event.text : null };
    }
    case 'robots':
      return { seq, at, kind: 'robots', robots: [...event.robots] };
  }
}

function describeMessage(message: Message, toListeners: boolean): MessageInfo {
  return {
    from: message.from,
    name: messageName(message),
    opcode: opcodeOf(message),
    body: message.body.toString('hex'),
    text: message.kind === 'text' ? cleanText(message.text) : null,
    detail: detailOf(message),
    toListeners,
  };
}

/** Values have their own events; anything else is in the body. */
function detailOf(message: Message): string | null {
  switch (message.kind) {
    case 'netInfo':
      return countOf(message.nodes, 'node');
    case 'pathInfo':
      return countOf(message.paths, 'path');
    case 'nodeInfo':
      return `${formatAddress(message.node.address)} is ${message.node.uuid.toString('hex')}`;
    case 'rootReset':
      return cleanText(message.text);
    case 'text':
      return message.complaintAbout === undefined
        ? null
        : `the root about ${formatAddress(message.complaintAbout)}`;
    case 'malformed':
      return `${MALFORMED_REASONS[message.reason]}, at byte ${message.offset}`;
    default:
      return null;
  }
}

function countOf({ length }: readonly unknown[], what: string): string {
  return `${length} ${what}${length === 1 ? '' : 's'}`;
}

function opcodeOf(message: Message): number | null {
  if (message.kind === 'text' || message.kind === 'malformed') return null;
  return message.kind === 'unknown' ? message.code : message.opcode.opcode;
}
