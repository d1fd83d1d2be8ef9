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

/** Facts about the gateway process, for sessions. */
export interface GatewayFacts {
  readonly version: string;
  /** As configured: `auto`, a path, or `usb:VID:PID[:SERIAL]`; null on a virtual mesh. */
  readonly port: string | null;
  /** ms since the epoch, host clock. */
  readonly startedAt: number;
  /** Current connections by kind. */
  clients(): { readonly connected: number; readonly listening: number; readonly sessions: number };
  /** Each connection, with what it was sent. */
  clientList(): ClientInfo[];
  /** What clients were sent and missed in total, and why closed connections ended. */
  clientCounters(): Readonly<Record<string, unknown>>;
  /** Counters of the classic log; undefined if there is none. */
  classicLogCounters?(): Readonly<Record<string, number>> | undefined;
  /** URL of the dashboard; undefined if it is not served. */
  dashboardUrl?(): string | undefined;
  readonly audit: AuditTrail;
  /** Background of the dashboard's map. */
  readonly map: MapInfo;
  /** The flight recorder; undefined if it is off. */
  readonly recorder: RecorderFacts | undefined;
}

export interface RecorderFacts {
  /** Id of this run of the gateway. */
  readonly run: string;
  /** Complete blocks, at most `limit` bytes or one block: those after a cursor, of the last `lastMs`, or all. */
  read(
    range: { readonly after?: string | undefined; readonly lastMs?: number | undefined },
    limit: number,
  ): {
    readonly blocks: Buffer;
    readonly cursor: string;
    readonly more: boolean;
    readonly missed: number | null;
  };
  counters(): unknown;
}

/** What a method works on, and who called it. */
export interface MethodContext {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  /** The caller, for fairness between clients. */
  readonly owner: string;
  /** The caller's own label for the deliveries that the call starts. */
  readonly tag?: string;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
  readonly role: Role;
  /** For sessions only; other callers read the hub's feed themselves. */
  readonly subscriptions: Subscriptions | undefined;
  readonly deliveries: DeliveryWaiters;
}

export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
  /** Its replies contain what the observer saw, so neither requests nor replies are passed to the observer. */
  readonly isUnobserved?: boolean;
  /** The role that a caller needs. */
  readonly role: Role;
  /** Calls are recorded in the audit trail. */
  readonly isAudited: boolean;
  /** `params` has passed the schema. `afterReply` runs once the reply has been handed to the client. */
  run(params: unknown, context: MethodContext): MethodReply | Promise<MethodReply> | Work<MethodReply>;
}

export interface MethodReply {
  readonly result: unknown;
  readonly afterReply?: () => void;
}

/** A method with its types, from which those of the client library are derived. */
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
  readonly isUnobserved?: boolean;
  /** Default: `read`. */
  readonly role?: Role;
  /** Default: true for methods that need the role admin. */
  readonly isAudited?: boolean;
  run(
    params: z.output<Params>,
    context: MethodContext,
  ): WithLongLists<z.output<Result>> | Promise<WithLongLists<z.output<Result>>>;
}

/** Defines a method whose reply is its result. */
export function method<const Name extends string, Params extends z.ZodObject, Result extends z.ZodType>(
  definition: MethodDefinition<Name, Params, Result>,
): TypedMethod<Name, Params, Result> {
  const { name, summary, params, result, role = 'read', isUnobserved = false } = definition;
  const { isAudited = role === 'admin' } = definition;
  return {
    name,
    summary,
    params,
    result,
    isUnobserved,
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
export const meshNodeParam = z.union([nodeNumber, nodeText]).describe('address (5 or "0x0005") or name');

/** A node of the mesh, or a device: its id, or its number in values and events. */
export const nodeParam = z
  .union([nodeNumber, z.int().min(FIRST_DEVICE_ADDRESS).max(MAX_DEVICE_ADDRESS), nodeText])
  .describe('address (5 or "0x0005"), name, or id of a device');

/** A data type: its name or id. */
export const typeParam = z.union([z.int().min(0).max(0xffff), z.string().min(1)]).describe('name or id');

/** A message: its opcode or name. */
export const opcodeParam = z
  .union([z.int().min(0).max(255), z.string().min(1)])
  .describe('name in opcodes.json, or opcode (69 or "0x45")');

/** The address that a parameter names; 0x0000 is the root. Throws `NODE_NOT_FOUND` for a name that no node or device has. */
export function resolveAddress(node: number | string, hub: Hub): number {
  const address = typeof node === 'number' ? node : numberIn(node);
  if (address !== undefined && address >= ROOT_ADDRESS && address <= MAX_UNICAST_ADDRESS) return address;
  if (typeof node === 'number' && isDevice(node)) return node;
  const named = hub.picture.addressOf(String(node));
  if (named === undefined) throw new SessionError('NODE_NOT_FOUND', String(node));
  return named;
}

/** The same for a node of the mesh. Throws `BAD_PARAMS` for a device. */
export function resolveMeshAddress(node: number | string, hub: Hub): number {
  const address = resolveAddress(node, hub);
  if (!isDevice(address)) return address;
  throw new SessionError('BAD_PARAMS', `node: ${node} is a device, not a node of the mesh`);
}

/** The known node that a parameter names. Throws `NODE_NOT_FOUND`. */
export function resolveNode(node: number | string, hub: Hub): NodeView {
  const view = hub.picture.findNode(resolveAddress(node, hub));
  if (!view) throw new SessionError('NODE_NOT_FOUND', String(node));
  return view;
}

/** The type in data-types.json that a parameter names. */
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

/** Throws `OPCODE_NOT_FOUND` for a name that is not in opcodes.json; any number is accepted. */
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
