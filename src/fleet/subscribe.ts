/** Answers `subscribe` with the gateway's commands `snapshot`, `events` and `status`. */

import { SessionError } from '../api/errors.js';
import type { EventCriteria } from '../api/event-filter.js';
import type { SubscribeParams } from '../api/methods/subscriptions.js';
import type { MeshEvent, Snapshot } from '../client/index.js';
import { numberBefore } from '../hub/feed-reader.js';
import { nameKey, numberIn } from '../protocol/names.js';
import type { Call } from './command-caller.js';

type NumberOrName = number | string;

interface Range {
  readonly from: number;
  readonly to: number | null;
}

/** The start of a subscription. */
export interface Start {
  readonly seq: number;
  /** Events after `since` that the gateway does not hold any more. */
  readonly gone: Range | null;
  readonly snapshot: Snapshot | null;
  /** `events` follow this number. */
  readonly after: number;
  readonly events: readonly MeshEvent[];
}

/** Events per answer, and the maximum of answers: more than a gateway's ring holds. */
const PAGE = 1000;
const MAX_PAGES = 200;

/** Rejects with `NODE_NOT_FOUND`, `OPCODE_NOT_FOUND`, `TYPE_NOT_FOUND`. */
export async function resolveCriteria(params: SubscribeParams, call: Call): Promise<EventCriteria> {
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
  const numbers = given.map(
    (each) => (typeof each === 'number' ? each : numberIn(each)) ?? resolve(String(each)),
  );
  return new Set(await Promise.all(numbers));
}

async function addressOf(node: string, call: Call): Promise<number> {
  return ((await call('node', { node })) as { address: number }).address;
}

async function opcodeOf(name: string, call: Call): Promise<number> {
  const { messages } = (await call('opcodes', {})) as { messages: { name: string; opcode: number }[] };
  const found = messages.find((each) => nameKey(each.name) === nameKey(name));
  if (!found) throw new SessionError('OPCODE_NOT_FOUND', name);
  return found.opcode;
}

/** The id of a data type of that gateway. */
async function typeOf(type: NumberOrName, call: Call): Promise<number> {
  const { types } = (await call('dataTypes', {})) as { types: { name: string; id: number }[] };
  const id = numberIn(String(type));
  const key = nameKey(String(type));
  const found = types.find((each) => (id === undefined ? nameKey(each.name) === key : each.id === id));
  if (!found) throw new SessionError('TYPE_NOT_FOUND', String(type));
  return found.id;
}

/** Call this after subscribing to the event topics: events with higher numbers come there. */
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
  const after = gone ? numberBefore(events, page.seq) : since;
  return { seq: page.seq, gone, after, events };
}
