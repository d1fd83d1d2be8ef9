/** What `subscribe` wants, and how the gateway's commands `snapshot`, `events` and `status` answer for it. */
import type { MeshEvent, Snapshot } from '../client/index.js';
import type { Call } from './command-caller.js';
import type { GateFilter } from './event-gate.js';
import { Refusal } from './refusal.js';

type NumberOrName = number | string;

export interface SubscribeParams {
  readonly kinds?: readonly string[];
  readonly nodes?: readonly NumberOrName[];
  readonly opcodes?: readonly NumberOrName[];
  readonly types?: readonly NumberOrName[];
  readonly snapshot: boolean;
  readonly since?: number;
  readonly minIntervalMs: number;
}

interface Range {
  readonly from: number;
  readonly to: number | null;
}

/** Where a subscription begins. */
export interface Start {
  readonly seq: number;
  /** What the gateway no longer holds behind `since`. */
  readonly gone: Range | null;
  readonly snapshot: Snapshot | null;
  /** What it holds of them, and the number that they begin behind. */
  readonly after: number;
  readonly events: readonly MeshEvent[];
}

/** Events in one answer, and in all: a gateway's ring has fewer. */
const PAGE = 1000;
const MAX_PAGES = 200;

const KNOWN = ['kinds', 'nodes', 'opcodes', 'types', 'snapshot', 'since', 'minIntervalMs'];

/** Throws `BAD_PARAMS`. */
export function readSubscribe(given: Readonly<Record<string, unknown>>): SubscribeParams {
  const { snapshot = false, since, minIntervalMs = 0, ...lists } = given;
  const isWrong =
    Object.keys(given).some((key) => !KNOWN.includes(key)) ||
    Object.values(lists).some((list) => list !== undefined && !isList(list)) ||
    typeof snapshot !== 'boolean' ||
    !(since === undefined || isWhole(since)) ||
    !isWhole(minIntervalMs);
  if (isWrong) {
    throw new Refusal('BAD_PARAMS', 'the parameters are wrong; rpc.discover tells what is allowed');
  }
  return { ...lists, snapshot, minIntervalMs, ...(since !== undefined && { since }) } as SubscribeParams;
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' || isWhole(each));
}

function isWhole(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** Rejects with `NODE_NOT_FOUND`, `OPCODE_NOT_FOUND`, `TYPE_NOT_FOUND`. */
export async function resolveFilter(params: SubscribeParams, call: Call): Promise<GateFilter> {
  const { kinds, nodes, opcodes, types, minIntervalMs } = params;
  return {
    minIntervalMs,
    ...(kinds && { kinds: new Set(kinds) }),
    ...(nodes && { nodes: await resolveAll(nodes, (name) => addressOf(name, call)) }),
    ...(opcodes && { opcodes: await resolveAll(opcodes, (name) => opcodeOf(name, call)) }),
    ...(types && { types: new Set(await Promise.all(types.map((type) => typeOf(type, call)))) }),
  };
}

async function resolveAll(
  given: readonly NumberOrName[],
  resolve: (name: string) => Promise<number>,
): Promise<ReadonlySet<number>> {
  const numbers = given.map((each) => numberIn(each) ?? resolve(String(each)));
  return new Set(await Promise.all(numbers));
}

function numberIn(given: NumberOrName): number | undefined {
  return typeof given === 'number' || /^(0x[0-9a-f]+|\d+)$/i.test(given) ? Number(given) : undefined;
}

async function addressOf(node: string, call: Call): Promise<number> {
  return ((await call('node', { node })) as { address: number }).address;
}

async function opcodeOf(name: string, call: Call): Promise<number> {
  const { messages } = (await call('opcodes', {})) as { messages: { name: string; opcode: number }[] };
  const found = messages.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!found) throw new Refusal('OPCODE_NOT_FOUND', `${name}: no message has this name or opcode`);
  return found.opcode;
}

/** The id of a data type that there is, as a gateway's own session has it. */
async function typeOf(type: NumberOrName, call: Call): Promise<number> {
  const { types } = (await call('dataTypes', {})) as { types: { name: string; id: number }[] };
  const wanted = numberIn(type);
  const name = String(type).toLowerCase();
  const found = types.find((each) =>
    wanted === undefined ? each.name.toLowerCase() === name : each.id === wanted,
  );
  if (!found) throw new Refusal('TYPE_NOT_FOUND', `${type}: no data type has this name or id`);
  return found.id;
}

/** To be asked when the event topics are subscribed to: what has a higher number comes there. */
export async function startOf({ snapshot, since }: SubscribeParams, call: Call): Promise<Start> {
  const picture = snapshot ? ((await call('snapshot', {})) as Snapshot) : null;
  if (since !== undefined) return { ...(await replay(since, call)), snapshot: picture };
  const seq = picture?.seq ?? ((await call('status', {})) as { seq: number }).seq;
  return { seq, gone: null, snapshot: picture, after: seq, events: [] };
}

interface Held {
  readonly seq: number;
  readonly gone: Range | null;
  readonly events: readonly MeshEvent[];
}

async function replay(since: number, call: Call): Promise<Omit<Start, 'snapshot'>> {
  const first = (await call('events', { since, limit: PAGE })) as Held;
  const { gone } = first;
  const events = [...first.events];
  let page = first;
  for (let count = 1; page.events.length === PAGE && count < MAX_PAGES; count++) {
    page = (await call('events', { since: events.at(-1)?.seq, limit: PAGE })) as Held;
    events.push(...page.events);
  }
  const after = gone ? (events[0]?.seq ?? page.seq + 1) - 1 : since;
  return { seq: page.seq, gone, after, events };
}
