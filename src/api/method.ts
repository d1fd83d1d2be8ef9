import * as z from 'zod';
import type { Clock } from '../base/clock.js';
import type { Work } from '../base/turns.js';
import type { Role } from '../config/role.js';
import type { Delivery } from '../hub/deliveries.js';
import { COMMAND_FAILURES, type Hub, type NodeView } from '../hub/hub.js';
import {
  FIRST_DEVICE_ADDRESS,
  isDevice,
  MAX_DEVICE_ADDRESS,
  MAX_UNICAST_ADDRESS,
  ROOT_ADDRESS,
} from '../protocol/address.js';
import type { DataType } from '../protocol/data-types.js';
import { nameKey, numberIn } from '../protocol/names.js';
import type { MessageOpcode } from '../protocol/opcodes.js';
import type { AuditTrail } from './audit.js';
import type { DeliveryWaiters } from './delivery-waiters.js';
import { SessionError } from './errors.js';
import type { WithLongLists } from './long-reply.js';
import type { ClientInfo, MapInfo } from './shapes.js';
import type { Subscriptions } from './subscriptions.js';

/** The gateway process itself, as sessions tell of it. */
export interface GatewayFacts {
  readonly version: string;
  /** The setting: `auto`, a path, or `usb:VID:PID[:SERIAL]`; null on a virtual mesh. */
  readonly port: string | null;
  /** ms since the epoch, host clock. */
  readonly startedAt: number;
  /** Connections now, by what they are. */
  clients(): { readonly connected: number; readonly listening: number; readonly sessions: number };
  /** Each of them, with what it was sent. */
  clientList(): ClientInfo[];
  /** What all of them were sent and missed, and how the earlier ones ended. */
  clientCounters(): Readonly<Record<string, unknown>>;
  /** Of the classic log; undefined where none is kept. */
  classicLogCounters?(): Readonly<Record<string, number>> | undefined;
  /** Where the dashboard is served; undefined where it is not. */
  dashboardUrl?(): string | undefined;
  /** What was done that can't be undone. */
  readonly audit: AuditTrail;
  /** What the dashboard's map shows behind the nodes. */
  readonly map: MapInfo;
  /** The flight recorder; undefined where it is off. */
  readonly recorder: RecorderFacts | undefined;
}

export interface RecorderFacts {
  /** Tells this run of the gateway from others. */
  readonly run: string;
  /** Whole blocks, `limit` bytes of them at most, or one: those behind a cursor, of the last ms, or all. */
  read(
    wish: { readonly after?: string | undefined; readonly lastMs?: number | undefined },
    limit: number,
  ): {
    readonly blocks: Buffer;
    readonly cursor: string;
    readonly more: boolean;
    readonly missed: number | null;
  };
  counters(): unknown;
}

/** What a method works on: the hub, and who called it. */
export interface MethodContext {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  /** Who asks, for fairness between clients. */
  readonly owner: string;
  /** The caller's own mark, for the deliveries that the call begins. */
  readonly tag?: string;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
  readonly role: Role;
  /** Of a session; other callers read the hub's feed themselves. */
  readonly subscriptions: Subscriptions | undefined;
  readonly deliveries: DeliveryWaiters;
}

export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
  /** Its replies hold what the observer saw: neither they nor its requests are reported again. */
  readonly isUntapped?: boolean;
  /** What a client must be allowed to call it. */
  readonly role: Role;
  /** It is recorded who called it. */
  readonly isAudited: boolean;
  /** `params` has passed the schema. `afterReply` runs once the reply has been handed to the client. */
  run(params: unknown, context: MethodContext): MethodReply | Promise<MethodReply> | Work<MethodReply>;
}

export interface MethodReply {
  readonly result: unknown;
  readonly afterReply?: () => void;
}

/** A method that remembers its types: the client library is made from them. */
export interface TypedMethod<Name extends string, Params extends z.ZodObject, Result extends z.ZodType>
  extends Method {
  readonly name: Name;
  readonly params: Params;
  readonly result: Result;
}

interface MethodDefinition<Name extends string, Params extends z.ZodObject, Result extends z.ZodType> {
  readonly name: Name;
  readonly summary: string;
  readonly params: Params;
  readonly result: Result;
  readonly isUntapped?: boolean;
  /** `read` unless given. */
  readonly role?: Role;
  /** What takes the role admin is, unless given. */
  readonly isAudited?: boolean;
  run(
    params: z.output<Params>,
    context: MethodContext,
  ): WithLongLists<z.output<Result>> | Promise<WithLongLists<z.output<Result>>>;
}

/** Describes a method whose reply is its result. */
export function method<const Name extends string, Params extends z.ZodObject, Result extends z.ZodType>(
  definition: MethodDefinition<Name, Params, Result>,
): TypedMethod<Name, Params, Result> {
  const { name, summary, params, result, role = 'read', isUntapped = false } = definition;
  const { isAudited = role === 'admin' } = definition;
  return {
    name,
    summary,
    params,
    result,
    isUntapped,
    role,
    isAudited,
    run(given, context) {
      const reply = definition.run(given as z.output<Params>, context);
      return reply instanceof Promise ? reply.then((result) => ({ result })) : { result: reply };
    },
  };
}

/** Parameters as the method's schema reads them. Throws `BAD_PARAMS`. */
export function checkParams<Params extends z.ZodType>(schema: Params, params: unknown): z.output<Params> {
  const checked = schema.safeParse(params ?? {});
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const where = issue?.path.join('.');
  throw new SessionError('BAD_PARAMS', `${where ? `${where}: ` : ''}${issue?.message}`);
}

const nodeText = z.string().min(1).max(64);

const nodeNumber = z.int().min(0).max(MAX_UNICAST_ADDRESS);

/** A node of the mesh: its address as 5 or "0x5", or its name. */
export const meshNodeParam = z.union([nodeNumber, nodeText]).describe('address as 5 or "0x0005", or a name');

/** A node of the mesh, or a device: its id, or its number in values and events. */
export const nodeParam = z
  .union([nodeNumber, z.int().min(FIRST_DEVICE_ADDRESS).max(MAX_DEVICE_ADDRESS), nodeText])
  .describe('address as 5 or "0x0005", a name, or the id of a device');

/** A data type: its name or id. */
export const typeParam = z.union([z.int().min(0).max(0xffff), z.string().min(1)]).describe('name or id');

/** A message: its opcode or name. */
export const opcodeParam = z
  .union([z.int().min(0).max(255), z.string().min(1)])
  .describe('name as in opcodes.json, or the opcode as 69 or "0x45"');

/** The address that a parameter names; 0x0000 is the root. Throws `NODE_NOT_FOUND` for a name that no node or device has. */
export function resolveAddress(node: number | string, hub: Hub): number {
  const address = typeof node === 'number' ? node : numberIn(node);
  if (address !== undefined && address >= ROOT_ADDRESS && address <= MAX_UNICAST_ADDRESS) return address;
  if (typeof node === 'number' && isDevice(node)) return node;
  const named = hub.picture.addressOf(String(node));
  if (named === undefined) throw new SessionError('NODE_NOT_FOUND', String(node));
  return named;
}

/** The same, of a node of the mesh. Throws `BAD_PARAMS` for a device. */
export function resolveMeshAddress(node: number | string, hub: Hub): number {
  const address = resolveAddress(node, hub);
  if (!isDevice(address)) return address;
  throw new SessionError('BAD_PARAMS', `node: ${node} is a device; only a node of the mesh can be given`);
}

/** The known node that a parameter names. Throws `NODE_NOT_FOUND`. */
export function resolveNode(node: number | string, hub: Hub): NodeView {
  const view = hub.picture.findNode(resolveAddress(node, hub));
  if (!view) throw new SessionError('NODE_NOT_FOUND', String(node));
  return view;
}

/** The type of data-types.json that a parameter names. */
export function findType(type: number | string, { tables: { dataTypes } }: Hub): DataType | undefined {
  const id = typeof type === 'number' ? type : numberIn(type);
  return id === undefined ? findByName(dataTypes.all(), String(type)) : dataTypes.findById(id);
}

/** Throws `TYPE_NOT_FOUND`. */
export function resolveType(type: number | string, hub: Hub): DataType {
  const found = findType(type, hub);
  if (!found) throw new SessionError('TYPE_NOT_FOUND', String(type));
  return found;
}

/** Throws `OPCODE_NOT_FOUND` for a name that opcodes.json lacks; a number need not stand there. */
export function resolveOpcode(opcode: number | string, { tables: { opcodes } }: Hub): number {
  const code = typeof opcode === 'number' ? opcode : numberIn(opcode);
  if (code !== undefined && code <= 0xff) return code;
  return namedOpcode(String(opcode), opcodes.messages()).opcode;
}

function namedOpcode(name: string, messages: readonly MessageOpcode[]): MessageOpcode {
  const found = findByName(messages, name);
  if (!found) throw new SessionError('OPCODE_NOT_FOUND', name);
  return found;
}

function findByName<Named extends { readonly name: string }>(
  all: readonly Named[],
  name: string,
): Named | undefined {
  const key = nameKey(name);
  return all.find((entry) => nameKey(entry.name) === key);
}

/** Throws the failure of a delivery by its code. */
export function throwIfFailed({ failure, rootWords, detail, id }: Delivery): void {
  if (failure === undefined) return;
  const words = rootWords ?? detail;
  const { code } = COMMAND_FAILURES[failure];
  throw new SessionError(code, words === undefined ? `delivery ${id}` : `delivery ${id}, ${words}`);
}
