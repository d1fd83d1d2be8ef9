import type { HubEvent, HubEventKind } from '../hub/hub.js';

/** What a subscriber wants; what is not given does not matter. */
export interface EventFilter {
  readonly kinds?: ReadonlySet<HubEventKind>;
  /** Of events that are about a node; others are not touched by it. */
  readonly nodes?: ReadonlySet<number>;
  /** Of messages. */
  readonly opcodes?: ReadonlySet<number>;
  /** Ids, of values. */
  readonly types?: ReadonlySet<number>;
}

export function passesFilter({ kinds, nodes, opcodes, types }: EventFilter, event: HubEvent): boolean {
  if (kinds && !kinds.has(event.kind)) return false;
  const node = nodes && nodeOf(event);
  if (node !== undefined && !nodes?.has(node)) return false;
  if (types && event.kind === 'value') return types.has(event.type.id);
  if (opcodes && event.kind === 'message') return opcodes.has(opcodeOf(event));
  return true;
}

/** The node that an event is about, if it is about one. */
function nodeOf(event: HubEvent): number | undefined {
  switch (event.kind) {
    case 'message':
      return event.message.from;
    case 'value':
    case 'node':
      return event.node;
    case 'delivery':
      return event.delivery.to;
    case 'alarm':
      return event.alarm.node;
    default:
      return undefined;
  }
}

const NO_OPCODE = -1;

function opcodeOf({ message }: Extract<HubEvent, { kind: 'message' }>): number {
  if (message.kind === 'text' || message.kind === 'malformed') return NO_OPCODE;
  return message.kind === 'unknown' ? message.code : message.opcode.opcode;
}
