/** Messages, commands and console output as lines of a log; the newest are kept. */
import type { DeliveryInfo, MeshEvent, Value } from '../../api/shapes.js';
import { formatAddress, formatCount, formatHex, formatTimeMs, formatValue, hexAsText } from '../format.js';
import { Ring } from './ring.js';

export type LineKind = 'message' | 'command' | 'console' | 'note';

export interface LogLine {
  /** Counted by the page: its own notes have no event number. */
  readonly id: number;
  /** ms since the epoch, host clock. */
  readonly at: number;
  readonly kind: LineKind;
  /** The node that it is from or to; 0 = the root; undefined if neither. */
  readonly node: number | undefined;
  /** Id of the device that a command is for. */
  readonly device?: string;
  readonly source: string;
  /** Name of the opcode or command. */
  readonly name: string;
  /** Decoded content. */
  readonly text: string;
  /** Bytes as hex; empty for text. */
  readonly hex: string;
}

/** A few minutes of a busy mesh; more than anyone scrolls through. */
export const MAX_LINES = 5000;
/** Values waiting for the message that carried them, which follows at once. */
const MAX_WAITING_VALUES = 64;
/** Characters of a command's result; the device's page has the whole result. */
const MAX_RESULT = 200;
const COMMAND_LENGTH = 10;
const ADDRESS_LENGTH = 4;

export class TrafficLog {
  readonly lines = new Ring<LogLine>(MAX_LINES);
  #values: Value[] = [];
  #lastSeq = 0;
  #lastId = 0;

  /** Adds a line for an event that is traffic, unless it was seen before. Returns true if a line was added. */
  add(event: MeshEvent): boolean {
    if (event.seq <= this.#lastSeq) return false;
    this.#lastSeq = event.seq;
    if (event.kind === 'value') {
      const isFromMesh = event.value.device === undefined;
      if (isFromMesh && this.#values.length < MAX_WAITING_VALUES) this.#values.push(event.value);
      return false;
    }
    const line = this.#lineOf(event);
    if (line) this.lines.push(line);
    return line !== undefined;
  }

  /** The gateway's event numbers have restarted. */
  restart(): void {
    this.#lastSeq = 0;
    this.#values = [];
  }

  note(at: number, text: string): void {
    this.lines.push({
      id: ++this.#lastId,
      at,
      kind: 'note',
      node: undefined,
      source: 'page',
      name: '',
      text,
      hex: '',
    });
  }

  #lineOf(event: MeshEvent): LogLine | undefined {
    const base = { id: ++this.#lastId, at: event.at };
    switch (event.kind) {
      case 'message': {
        const { from, name, text, body } = event.message;
        const decoded = text ?? this.#decode(from, name, body);
        return {
          ...base,
          kind: 'message',
          node: from,
          source: sourceOf(from),
          name,
          text: decoded,
          hex: body,
        };
      }
      case 'traffic':
        return event.body === null
          ? {
              ...base,
              kind: 'note',
              node: undefined,
              source: event.client,
              name: 'log',
              text: event.text ?? '',
              hex: '',
            }
          : {
              ...base,
              kind: 'command',
              ...describeCommand(event.body),
              source: event.client,
              hex: event.body,
            };
      case 'delivery':
        return describeDeviceCommand(event.delivery, base);
      case 'console':
        return {
          ...base,
          kind: 'console',
          node: 0,
          source: 'root',
          name: 'console',
          text: event.line,
          hex: '',
        };
      case 'link':
        return {
          ...base,
          kind: 'note',
          node: undefined,
          source: 'gateway',
          name: 'link',
          text: [event.link.state, event.link.port, event.link.detail].filter(Boolean).join(' · '),
          hex: '',
        };
      default:
        return undefined;
    }
  }

  /** The gateway sends a message's values right before the message. */
  #decode(from: number, name: string, body: string): string {
    const values = this.#values.filter(({ node }) => node === from);
    this.#values = [];
    if (values.length > 0) return values.map((value) => `${value.type} ${formatValue(value)}`).join(' · ');
    const payload = body.slice(ADDRESS_LENGTH + 2);
    if (name === 'NetInfo' || name === 'PathInfo') {
      return formatCount(Number.parseInt(payload.slice(0, 2), 16) || 0, 'entry', 'entries');
    }
    if (name === 'NodeInfo') return `uuid ${payload.slice(-32)}`;
    return describePayload(payload);
  }
}

function sourceOf(address: number): string {
  return address === 0 ? 'root' : formatAddress(address);
}

function describePayload(payload: string): string {
  const text = hexAsText(payload);
  return text === undefined ? formatHex(payload) : `“${text}”`;
}

/** A body to the root: five characters; commands that send also have an address and a message. */
function describeCommand(body: string): Pick<LogLine, 'node' | 'name' | 'text'> {
  const name = hexAsText(body.slice(0, COMMAND_LENGTH)) ?? formatHex(body.slice(0, COMMAND_LENGTH));
  const rest = body.slice(COMMAND_LENGTH);
  if (name === 'BCAST')
    return { node: undefined, name, text: `to all: ${describePayload(rest.slice(ADDRESS_LENGTH))}` };
  if (!name.startsWith('SEND')) return { node: 0, name, text: describePayload(rest) };
  const node = Number.parseInt(rest.slice(0, ADDRESS_LENGTH), 16);
  return { node, name, text: `to ${sourceOf(node)}: ${describePayload(rest.slice(ADDRESS_LENGTH))}` };
}

/** Each stage of a command to a device is a line. Messages to nodes are lines already: `traffic` events. */
function describeDeviceCommand(
  delivery: DeliveryInfo,
  base: Pick<LogLine, 'id' | 'at'>,
): LogLine | undefined {
  const { device, command } = delivery;
  if (device === undefined || !command) return undefined;
  const text = describeStage(delivery);
  return {
    ...base,
    kind: 'command',
    node: undefined,
    device,
    source: device,
    name: command.name,
    text,
    hex: '',
  };
}

function describeStage({ stage, command, progress, failure, detail, result }: DeliveryInfo): string {
  const given = Object.entries(command?.arguments ?? {}).map(([name, value]) => `${name} ${value}`);
  switch (stage) {
    case 'queued':
      return ['queued', given.join(', ')].filter(Boolean).join(': ');
    case 'progress': {
      const share = progress?.fraction === undefined ? '' : ` ${Math.round(progress.fraction * 100)} %`;
      return `progress${share}${progress?.text === undefined ? '' : `: ${progress.text}`}`;
    }
    case 'failed':
      return `failed: ${detail ?? failure}`;
    case 'completed':
      return result === undefined ? 'completed' : `completed: ${JSON.stringify(result).slice(0, MAX_RESULT)}`;
    default:
      return detail === undefined ? stage : `${stage}: ${detail}`;
  }
}

/** A line of the downloaded file. */
export function lineAsText({ at, kind, source, name, text, hex }: LogLine): string {
  const parts = [formatTimeMs(at), kind.padEnd(7), source.padEnd(14), name.padEnd(10), text];
  return hex === '' ? parts.join('  ') : `${parts.join('  ')}  [${formatHex(hex)}]`;
}
