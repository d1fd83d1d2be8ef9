/**
 * Messages for existing dashboards: protocol.md section 7. There are two generations; a setting selects one.
 */

import { cleanText } from '../../base/clean-text.js';
import { type Hub, type HubEvent, isAlive, type NodeView } from '../../hub/hub.js';
import { describeLinkStatus } from '../../link/describe-link.js';
import { isOpen } from '../../link/link-keeper.js';
import { formatAddress } from '../../protocol/address.js';
import { decodeValue } from '../../protocol/data-types.js';
import { messageName } from '../../protocol/message.js';
import { newestPosition, type Position } from '../../protocol/position.js';

export function trafficLog(message: string) {
  return { type: 'trafficLog', message };
}

export function nodeStatus(hub: Hub) {
  const nodes = hub.picture
    .nodes()
    .map(({ name, status }) => ({ name, status: isAlive(status) ? 'normal' : 'error' }));
  return { type: 'networkStatus', status: 'nodeStatus', nodes };
}

/** `socket`: a listener is connected; `uart`: the port is open. */
export function connectionStatus(hub: Hub, hasListener: boolean) {
  const uart = isOpen(hub.picture.link());
  return { type: 'networkStatus', status: 'connectionStatus', socket: hasListener, uart };
}

export function robotStatus(hub: Hub) {
  return { type: 'networkStatus', status: 'robotStatus', robots: hub.picture.robots() };
}

/** The one message of the second generation. */
export function meshPicture(hub: Hub) {
  const nodes = hub.picture.nodes();
  const keys = uuidKeys(nodes);
  return {
    nodes: nodes.map((node, index) => describeNode(node, keys[index] ?? '', hub)),
    direct_forwarding_paths: hub.picture.paths(),
  };
}

/** An event as a line of the traffic log; undefined if it is not traffic. */
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

const ADDRESS_DIGITS = 4;

const STATUS_NAMES = {
  active: 'Active',
  idle: 'Idle',
  disconnected: 'Disconnect',
  unheard: 'Disconnect',
  unknown: 'Disconnect',
} as const;

function describeNode(node: NodeView, uuid: string, hub: Hub) {
  return {
    address: node.address,
    status: STATUS_NAMES[node.status],
    uuid,
    gps: findPosition(node),
    data: Object.fromEntries(
      node.latest.map(({ type }) => [hexByte(type.id), heldValues(node, type.id, hub)]),
    ),
  };
}

/**
 * The page's keys for nodes, by rising address, which must be unique and not empty: the uuid; if another node before has
 * the same, the uuid and the address (36 digits instead of 32); if it is unknown, the address (4 digits).
 */
function uuidKeys(nodes: readonly NodeView[]): string[] {
  const taken = new Set<string>();
  return nodes.map(({ uuid, address }) => {
    const own = knownUuid(uuid);
    const isAlone = own !== '' && !taken.has(own);
    taken.add(own);
    return isAlone ? own : own + address.toString(16).padStart(ADDRESS_DIGITS, '0');
  });
}

/** Empty also for all zeros: so roots report an unknown uuid. */
function knownUuid(uuid: Buffer | undefined): string {
  return uuid?.some((byte) => byte !== 0) ? uuid.toString('hex') : '';
}

function heldValues({ address }: NodeView, typeId: number, hub: Hub): string[] {
  const range = { node: address, typeId, from: 0, to: Number.MAX_SAFE_INTEGER };
  return hub.picture.values(range).map(({ bytes }) => bytes.toString('hex'));
}

function findPosition({ latest }: NodeView): Position | null {
  const decoded = latest.map(({ type, value }) => {
    return { fields: decodeValue(type, value.bytes), receivedAt: value.receivedAt };
  });
  return newestPosition(decoded)?.position ?? null;
}

function hexByte(id: number): string {
  return id.toString(16).padStart(2, '0');
}
