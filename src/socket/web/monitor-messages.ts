/**
 * What existing dashboards understand: protocol.md section 7. Two generations; a setting says which one is spoken.
 */
import { cleanText } from '../../clean-text.js';
import { type Hub, type HubEvent, isAlive, type NodeView } from '../../network/hub.js';
import { formatAddress } from '../../protocol/address.js';
import { decodeValue } from '../../protocol/data-types.js';
import { messageName } from '../../protocol/message.js';
import { describeLinkStatus } from '../../uart/describe-link.js';

export function trafficLog(message: string) {
  return { type: 'trafficLog', message };
}

export function nodeStatus(hub: Hub) {
  const nodes = hub
    .nodes()
    .map(({ name, status }) => ({ name, status: isAlive(status) ? 'normal' : 'error' }));
  return { type: 'networkStatus', status: 'nodeStatus', nodes };
}

/** `socket`: a listener is there; `uart`: the port is open. */
export function connectionStatus(hub: Hub, isListenerThere: boolean) {
  const { state } = hub.link();
  const uart = state === 'probing' || state === 'up';
  return { type: 'networkStatus', status: 'connectionStatus', socket: isListenerThere, uart };
}

export function robotStatus(hub: Hub) {
  return { type: 'networkStatus', status: 'robotStatus', robots: hub.robots() };
}

/** The one message of the second generation. */
export function meshPicture(hub: Hub) {
  return { nodes: hub.nodes().map((node) => describeNode(node, hub)), direct_forwarding_paths: hub.paths() };
}

/** An event as a line of the traffic log; undefined for what is no traffic. */
export function trafficLine(event: HubEvent): string | undefined {
  switch (event.kind) {
    case 'message': {
      const { message } = event;
      const from = message.from === 0 ? 'root' : formatAddress(message.from);
      if (message.kind === 'text') {
        const speaker = message.complaintAbout === undefined ? from : `root about ${from}`;
        return `${speaker}: ${cleanText(message.text)}`;
      }
      return `${from}: ${messageName(message)} ${message.body.toString('hex', 3)}`.trimEnd();
    }
    case 'traffic':
      return event.what === 'log' ? event.text : `to root: ${describeCommand(event.body)}`;
    case 'console':
      return `console: ${event.line}`;
    case 'link':
      return `link: ${describeLinkStatus(event.status)}`;
    default:
      return undefined;
  }
}

const COMMAND_LENGTH = 5;

function describeCommand(body: Buffer): string {
  const name = cleanText(body.toString('latin1', 0, COMMAND_LENGTH));
  return `${name} ${body.toString('hex', COMMAND_LENGTH)}`.trimEnd();
}

const STATUS_NAMES = {
  active: 'Active',
  idle: 'Idle',
  disconnected: 'Disconnect',
  unheard: 'Disconnect',
  unknown: 'Disconnect',
} as const;

function describeNode(node: NodeView, hub: Hub) {
  return {
    address: node.address,
    status: STATUS_NAMES[node.status],
    uuid: node.uuid?.toString('hex') ?? '',
    gps: findPlace(node),
    data: Object.fromEntries(
      node.latest.map(({ type }) => [hexByte(type.id), heldValues(node, type.id, hub)]),
    ),
  };
}

function heldValues({ address }: NodeView, typeId: number, hub: Hub): string[] {
  const range = { node: address, typeId, from: 0, to: Number.MAX_SAFE_INTEGER };
  return hub.values(range).map(({ bytes }) => bytes.toString('hex'));
}

/** The newest value that has a latitude and a longitude. */
function findPlace({ latest }: NodeView): { lat: number; lon: number } | null {
  const newestFirst = [...latest].sort((a, b) => b.value.receivedAt - a.value.receivedAt);
  for (const { type, value } of newestFirst) {
    const fields = decodeValue(type, value.bytes);
    const lat = (fields.latitude ?? fields.lat)?.value;
    const lon = (fields.longitude ?? fields.lon)?.value;
    if (typeof lat === 'number' && typeof lon === 'number') return { lat, lon };
  }
  return null;
}

function hexByte(id: number): string {
  return id.toString(16).padStart(2, '0');
}
