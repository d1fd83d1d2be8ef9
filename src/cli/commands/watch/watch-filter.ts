import type { EventKind, SubscribeOptions } from '../../../client/index.js';
import { parseNode, parseNumberOrName } from '../../text/address.js';
import { parseWhole } from '../../text/numbers.js';

/** Options; each list may be given several times or with commas. */
export interface FilterFlags {
  readonly kind?: readonly string[];
  readonly node?: readonly string[];
  readonly opcode?: readonly string[];
  readonly type?: readonly string[];
  readonly since?: string;
  readonly snapshot?: true;
}

const KINDS: Readonly<Record<EventKind, true>> = {
  message: true,
  value: true,
  node: true,
  recovery: true,
  paths: true,
  link: true,
  delivery: true,
  alarm: true,
  console: true,
  traffic: true,
  robots: true,
};

/** Every kind of event: the choices of `--kind`. */
export const EVENT_KINDS = Object.keys(KINDS) as EventKind[];

const KINDS_ABOUT_NODES: readonly EventKind[] = ['message', 'value', 'node', 'delivery', 'alarm'];

/** The subscription for these options. Throws `BAD_USAGE`. */
export function readFilter(flags: FilterFlags): SubscribeOptions {
  const kinds = kindsOf(flags);
  const { node, opcode, type, since, snapshot } = flags;
  return {
    ...(kinds && { kinds: [...kinds] }),
    ...(node && { nodes: node.map(parseNode) }),
    ...(opcode && { opcodes: opcode.map(parseNumberOrName) }),
    ...(type && { types: type.map(parseNumberOrName) }),
    ...(since !== undefined && { since: parseWhole(since, 0, 'event number') }),
    snapshot: snapshot ?? false,
  };
}

/** A filter implies the kinds of events that have the property; `undefined`: all. */
function kindsOf({ kind, node, opcode, type }: FilterFlags): readonly EventKind[] | undefined {
  if (kind) return kind as EventKind[];
  if (opcode && type) return ['message', 'value'];
  if (opcode) return ['message'];
  if (type) return ['value'];
  return node && KINDS_ABOUT_NODES;
}
