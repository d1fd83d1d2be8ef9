/** Events of the mesh as lines for people. */
import { cleanText } from '../../base/clean-text.js';
import type { DeliveryInfo, MeshEvent, MessageInfo, StreamEvent, Value } from '../../client/index.js';
import { describeAlarm } from '../commands/alarms.js';
import { formatAddress, formatSubject, qualified } from './address.js';
import { describeCommand, describeStage } from './command-text.js';
import { formatBytes } from './hex.js';
import { type Colour, paint, type View } from './terminal.js';
import { pad, shorten, widthOf } from './text-width.js';
import { formatExactMoment } from './time.js';
import { formatNamedValue, formatNamedValues } from './values.js';
import {
  colourOfStatus,
  describeLink,
  describeRecovery,
  describeStatusCounts,
  type Status,
} from './words.js';

/** An event; a message comes with its values. */
export interface JoinedEvent {
  readonly event: StreamEvent;
  readonly values: readonly Value[];
}

/** The columns of a line: subject, kind, and details. */
export interface Words {
  readonly who: string;
  readonly what: string;
  readonly text: string;
  readonly colour?: Colour | undefined;
}

const WHO_WIDTH = 8;
/** Extra width for the name of a gateway, so that most fleets align. */
const GATEWAY_WIDTH = 12;
const WHAT_WIDTH = 9;
const SPACE = '  ';

/** One line, without its end: `14:05:09.120  0x0005   Data       Sequence 17 · GPS …`. */
export function formatEvent({ event, values }: JoinedEvent, view: View): string {
  return formatWords('at' in event ? event.at : view.now, describeEvent(event, values, view), view);
}

/** `at`: ms since the epoch. */
export function formatWords(at: number, { who, what, text, colour }: Words, view: View): string {
  const time = formatExactMoment(at, view);
  const { gateway } = view;
  const placed = gateway === undefined || who.startsWith(`${gateway}/`) ? who : qualified(who, gateway);
  const width = gateway === undefined ? WHO_WIDTH : WHO_WIDTH + GATEWAY_WIDTH;
  const name = pad(cleanText(what), WHAT_WIDTH);
  const head = `${time}${SPACE}${pad(cleanText(placed), width)}${SPACE}`;
  const { columns } = view.terminal;
  const used = widthOf(head) + widthOf(name) + SPACE.length;
  const rest = cleanText(text);
  const shown = columns === undefined ? rest : shorten(rest, Math.max(0, columns - used));
  return `${head}${paint(name, colour, view.terminal)}${SPACE}${shown}`.trimEnd();
}

function describeEvent(event: StreamEvent, values: readonly Value[], view: View): Words {
  switch (event.kind) {
    case 'message':
      return describeMessage(event.message, values, view);
    case 'value': {
      const { value } = event;
      const who = formatSubject(value, view.gateway);
      return { who, what: 'value', text: formatNamedValue(value), colour: 'cyan' };
    }
    case 'node':
      return describeNodeEvent(event, view);
    case 'link':
      return { who: 'link', what: event.link.state, text: describeLink(event.link, view), colour: 'yellow' };
    case 'delivery':
      return describeDelivery(event, view);
    case 'alarm':
      return describeAlarmEvent(event, view);
    case 'snapshot':
      return describeSnapshot(event);
    case 'gap': {
      const to = event.to === null ? 'the restart of the numbering' : event.to;
      return { who: 'meshgate', what: 'gap', text: `events ${event.from} to ${to} were lost`, colour: 'red' };
    }
    default:
      return describeOther(event, view);
  }
}

export function describeMessage(
  message: MessageInfo,
  values: readonly Value[],
  { gateway }: Pick<View, 'gateway'>,
): Words {
  const { from, name } = message;
  const isBad = name === 'Malformed';
  const isUnknown = name.startsWith(UNKNOWN);
  const payload = `${isUnknown ? 'unknown: ' : ''}${formatPayload(message)}`;
  return {
    who: from === 0 ? 'root' : formatAddress(from, gateway),
    what: isUnknown ? name.slice(UNKNOWN.length) : name,
    text: values.length > 0 ? formatMessageValues(name, values) : (wordsOf(message) ?? payload),
    colour: isBad ? 'red' : 'cyan',
  };
}

/** A text with a detail comes from the root and is about a node. */
function wordsOf({ text, detail }: MessageInfo): string | null {
  return text !== null && detail ? `${detail}: ${text}` : (text ?? detail);
}

/** The gateway's name for an opcode that opcodes.json does not list: `Unknown 0x99`. */
const UNKNOWN = 'Unknown ';

/** A message with one value usually has the value's name. */
function formatMessageValues(name: string, values: readonly Value[]): string {
  const text = formatNamedValues(values);
  return values.length === 1 && text.startsWith(`${name} `) ? text.slice(name.length + 1) : text;
}

/** Two hex digits a byte: two bytes of address, then the opcode. */
const HEADER_DIGITS = 6;

function formatPayload({ body }: MessageInfo): string {
  return formatBytes(body.slice(HEADER_DIGITS));
}

function describeNodeEvent(
  { node, device, change, status }: Extract<MeshEvent, { kind: 'node' }>,
  { gateway }: View,
): Words {
  const who = formatSubject({ node, device }, gateway);
  const what = device === undefined ? 'node' : 'device';
  if (status === null) return { who, what, text: change };
  return { who, what, text: `is ${status}`, colour: colourOfStatus({ status }) };
}

/** One line for a stage of a command, as `watch` shows it, without its end. */
export function formatDeliveryStage(delivery: DeliveryInfo, view: View): string {
  return formatWords(delivery.stages.at(-1)?.at ?? view.now, describeDelivery({ delivery }, view), view);
}

const STAGE_COLOURS: Readonly<Partial<Record<DeliveryInfo['stage'], Colour>>> = {
  completed: 'green',
  failed: 'red',
  aborted: 'yellow',
};

/** The arguments only at the first stage: the others are of the same id. */
function describeCommandStage(delivery: DeliveryInfo, gateway: string | undefined): Words {
  const { id, to, device, stage, command } = delivery;
  const what = stage === 'queued' ? describeCommand(delivery) : (command?.name ?? '');
  return {
    who: formatSubject({ node: to ?? 0, device }, gateway),
    what: 'command',
    text: `${what}: ${describeStage(delivery)} (${id})`,
    colour: STAGE_COLOURS[stage],
  };
}

function describeDelivery({ delivery }: { readonly delivery: DeliveryInfo }, { gateway }: View): Words {
  if (delivery.command) return describeCommandStage(delivery, gateway);
  const { id, to, message, stage, failure, detail, answer, roundTripMs } = delivery;
  const time = roundTripMs === null ? '' : ` in ${Math.round(roundTripMs)} ms`;
  const reply = answer === null ? '' : `: ${formatBytes(answer)}`;
  const reason = failure === null ? '' : `: ${detail ?? failure}`;
  return {
    who: to === null ? 'all' : formatAddress(to, gateway),
    what: 'delivery',
    text: `${stage}${time}${reply}${reason}, ${formatBytes(message)} (${id})`,
  };
}

function describeAlarmEvent({ alarm }: Extract<MeshEvent, { kind: 'alarm' }>, view: View): Words {
  const state = alarm.active || !alarm.acknowledged ? alarm.priority : 'closed';
  const over = alarm.active ? '' : alarm.acknowledged ? ', acknowledged' : ', not acknowledged';
  const colour = alarm.priority === 'high' ? 'red' : 'yellow';
  return { who: 'alarm', what: state, text: `${alarm.id}: ${describeAlarm(alarm, view)}${over}`, colour };
}

function describeSnapshot({ snapshot }: Extract<StreamEvent, { kind: 'snapshot' }>): Words {
  const counts: Record<Status, number> = { unheard: 0, active: 0, idle: 0, disconnected: 0, unknown: 0 };
  for (const { status } of snapshot.nodes) counts[status]++;
  const nodes = `nodes ${describeStatusCounts(counts)}`;
  const devices = snapshot.devices.length > 0 ? `; ${snapshot.devices.length} devices` : '';
  const text = `link ${snapshot.link.state}; ${nodes}${devices}; ${snapshot.alarms.length} alarms; event ${snapshot.seq}`;
  return { who: 'meshgate', what: 'now', text };
}

function describePaths(paths: Extract<MeshEvent, { kind: 'paths' }>['paths'], { gateway }: View): string {
  const named = (address: number) => formatAddress(address, gateway);
  const shown = paths.map(({ origin, target }) => `${named(origin)} → ${named(target)}`);
  return shown.join(', ') || 'none';
}

type OtherEvent = Extract<MeshEvent, { kind: 'recovery' | 'paths' | 'console' | 'traffic' | 'robots' }>;

function describeOther(event: OtherEvent, view: View): Words {
  switch (event.kind) {
    case 'recovery':
      return { who: 'root', what: 'recovery', text: describeRecovery(event), colour: 'yellow' };
    case 'paths':
      return { who: 'root', what: 'paths', text: describePaths(event.paths, view) };
    case 'console':
      return { who: 'root', what: 'console', text: event.line, colour: 'dim' };
    case 'robots':
      return {
        who: 'robots',
        what: 'list',
        text: event.robots.map(({ name, state }) => `${name} ${state}`).join(', '),
      };
    case 'traffic': {
      const text = event.text ?? formatBytes(event.body ?? '');
      return { who: event.client, what: event.what, text };
    }
  }
}
