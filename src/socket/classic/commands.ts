/** The commands of the classic dialect, one row per command. */

import type { Role } from '../../config/role.js';
import {
  type Command,
  type Hub,
  isAlive,
  type NodeView,
  type Outcome,
  type RootFailure,
} from '../../hub/hub.js';
import type { NodeStatus } from '../../node/mesh-node.js';
import { ADDRESS_LENGTH, addressBytes, ROOT_ADDRESS, UUID_LENGTH } from '../../protocol/address.js';
import type { DataType } from '../../protocol/data-types.js';
import type { ArgumentShape, Opcodes } from '../../protocol/opcodes.js';
import { describeMesh } from './describe-mesh.js';
import { failure, type Reply, success, successJson } from './reply.js';
import type { ClassicRequest, StateLetter } from './request.js';
import { parseRobots } from './robots.js';

interface Row {
  readonly role: Role;
  /** The arguments that opcodes.json must declare for this row to parse the bytes. */
  readonly takes: readonly ArgumentShape[];
  readonly run: (args: Buffer, hub: Hub, owner: string) => Promise<Reply> | Reply;
}

/** Maximum of an amount byte. */
const MAX_AMOUNT = 255;
const UNKNOWN_UUID = Buffer.alloc(UUID_LENGTH);
const TOO_MANY_NODES = 'More Than 255 Nodes';

/** The dialect's text for each failure. */
export const FAILURE_TEXTS: Readonly<Record<RootFailure, string>> = {
  noLink: 'No Serial Connection',
  linkLost: 'No Serial Connection',
  queueFull: 'Busy',
  messageTooLong: 'Message Too Long',
  rejectedByRoot: 'Rejected By Root',
};

const rows: Readonly<Record<string, Row>> = {
  'SEND-': {
    role: 'send',
    takes: ['address', 'message'],
    run: (args, hub, owner) => executeCommand(sendCommand(args, false), hub, owner),
  },
  SENDI: {
    role: 'send',
    takes: ['address', 'message'],
    run: (args, hub, owner) => executeCommand(sendCommand(args, true), hub, owner),
  },
  BCAST: {
    role: 'send',
    takes: ['ignored', 'message'],
    run: (args, hub, owner) =>
      executeCommand({ kind: 'broadcast', message: args.subarray(ADDRESS_LENGTH) }, hub, owner),
  },
  'RST-R': {
    role: 'admin',
    takes: [],
    run: (_args, hub, owner) => executeCommand({ kind: 'resetRoot' }, hub, owner),
  },
  CLEAN: {
    role: 'admin',
    takes: [],
    run: (_args, hub, owner) => executeCommand({ kind: 'clean' }, hub, owner),
  },
  NINFO: {
    role: 'read',
    takes: [],
    run: async (_args, hub, owner) => {
      const fresh = isFresh(await hub.commands.execute({ kind: 'refreshNodes' }, owner));
      return describeMesh(hub, fresh);
    },
  },
  GETDF: {
    role: 'read',
    takes: [],
    run: async (_args, hub, owner) => {
      const fresh = isFresh(await hub.commands.execute({ kind: 'refreshPaths' }, owner));
      return successJson({ paths: hub.picture.paths(), fresh });
    },
  },
  NSTAT: { role: 'read', takes: [], run: (_args, hub) => successJson(describeStatus(hub.picture.nodes())) },
  NETIF: {
    role: 'read',
    takes: ['byte'],
    run: (args, hub) => listByState(args.toString('latin1'), hub.picture.nodes()),
  },
  '[GET]': { role: 'read', takes: ['address', 'dataType'], run: getValues },
  'ACT-C': {
    role: 'read',
    takes: [],
    run: (_args, hub) => success(Buffer.of(Math.min(hub.picture.activeNodeCount(), MAX_AMOUNT))),
  },
  'W-LOG': {
    role: 'send',
    takes: ['text'],
    run: (args, hub, owner) => executeCommand({ kind: 'log', text: textOf(args) }, hub, owner),
  },
  'W-RBT': {
    role: 'send',
    takes: ['text'],
    run: (args, hub, owner) => {
      const robots = parseRobots(textOf(args));
      return robots
        ? executeCommand({ kind: 'setRobots', robots }, hub, owner)
        : failure('Robot List Not Readable');
    },
  },
};

/** Why this gateway can't use a command table: a command that it should execute but can't. */
export function findCommandFault(opcodes: Opcodes): string | undefined {
  for (const { name, executor, arguments: given } of opcodes.commands()) {
    const row = rows[name];
    if (!row && executor === 'gateway') return `${name}: this gateway can't execute it`;
    if (row && executor !== 'edge' && row.takes.join() !== given.join()) {
      return `${name}: its arguments must be [${row.takes.join(', ')}]`;
    }
  }
  return undefined;
}

/** The role that a command needs. A site's own commands need admin: only the root knows what they do. */
export function roleForCommand(name: string): Role {
  return rows[name]?.role ?? 'admin';
}

/** Carries out a request and returns the reply. A command without a row is passed to the site's own root. */
export async function answerRequest({ spec, args }: ClassicRequest, hub: Hub, owner: string): Promise<Reply> {
  const row = rows[spec.name];
  if (row) return row.run(args, hub, owner);
  const bytes = Buffer.concat([Buffer.from(spec.name, 'latin1'), args]);
  return executeCommand({ kind: 'other', bytes }, hub, owner);
}

async function executeCommand(command: Command, hub: Hub, owner: string): Promise<Buffer> {
  const outcome = await hub.commands.execute(command, owner);
  return outcome.ok ? success() : failure(FAILURE_TEXTS[outcome.reason]);
}

function sendCommand(args: Buffer, tracked: boolean): Command {
  return { kind: 'send', to: args.readUInt16BE(0), message: args.subarray(ADDRESS_LENGTH), tracked };
}

function isFresh(outcome: Outcome): boolean {
  return outcome.ok && outcome.fresh;
}

function describeStatus(nodes: readonly NodeView[]) {
  return {
    node_amount: nodes.length,
    node_addr_list: nodes.map(({ address }) => address),
    node_status_list: nodes.map(({ status }) => (isAlive(status) ? 1 : 0)),
  };
}

/** Each node is in exactly one of the three lists. */
const STATES: Readonly<Record<string, (status: NodeStatus) => boolean>> = {
  A: isAlive,
  D: (status: NodeStatus) => status === 'disconnected' || status === 'unknown',
  N: (status: NodeStatus) => status === 'unheard',
} satisfies Record<StateLetter, unknown>;

function listByState(state: string, nodes: readonly NodeView[]): Buffer {
  const matches = STATES[state];
  if (!matches) return failure('Unknown State');
  const found = nodes.filter(({ status }) => matches(status));
  if (found.length > MAX_AMOUNT) return failure(TOO_MANY_NODES);
  const entries = found.flatMap(({ address, uuid }) => [addressBytes(address), uuid ?? UNKNOWN_UUID]);
  return success(Buffer.of(found.length), ...entries);
}

/** `address (2) | data type`: the latest value of one node, or of all active nodes (address 0000). */
function getValues(args: Buffer, hub: Hub): Buffer {
  const address = args.readUInt16BE(0);
  const key = args.subarray(ADDRESS_LENGTH);
  const type = hub.tables.dataTypes.findByKey(key);
  const own = type && hub.picture.latest(address, type.id);
  if (own) return encodeValues(key, type, [{ address, bytes: own.bytes }]);
  if (address !== ROOT_ADDRESS && !hub.picture.findNode(address)) return failure('Node Not Found');
  if (!type) return failure('Data Type Not Found');
  const nodes = address === ROOT_ADDRESS ? hub.picture.nodes().filter(({ status }) => isAlive(status)) : [];
  return encodeValues(key, type, latestOf(nodes, type, hub));
}

interface NodeValue {
  readonly address: number;
  readonly bytes: Buffer;
}

function latestOf(nodes: readonly NodeView[], type: DataType, hub: Hub): NodeValue[] {
  return nodes.flatMap(({ address }) => {
    const found = hub.picture.latest(address, type.id);
    return found ? [{ address, bytes: found.bytes }] : [];
  });
}

function encodeValues(key: Buffer, type: DataType, values: readonly NodeValue[]): Buffer {
  if (values.length === 0) return failure('No Data');
  if (values.length > MAX_AMOUNT) return failure(TOO_MANY_NODES);
  const length = Math.max(...values.map(({ bytes }) => bytes.length));
  const entries = values.flatMap(({ address, bytes }) => [
    addressBytes(address),
    padded(bytes, length, type),
  ]);
  return success(key, Buffer.of(length, values.length), ...entries);
}

/** All values in a reply have the same length: shorter values of a varying type are padded, JSON with spaces. */
function padded(bytes: Buffer, length: number, type: DataType): Buffer {
  return bytes.length === length
    ? bytes
    : Buffer.concat([bytes, Buffer.alloc(length - bytes.length, type.json ? ' ' : 0)]);
}

/** The existing client library puts a 2-byte address after every command; no text begins with two zero bytes. */
function textOf(args: Buffer): string {
  const hasAddress = args.length >= ADDRESS_LENGTH && args.readUInt16BE(0) === ROOT_ADDRESS;
  return args.toString('utf8', hasAddress ? ADDRESS_LENGTH : 0);
}
