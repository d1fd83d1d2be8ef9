/**
 * What a subscriber is given of the events: those that it asked for, and of the values no more than one of each node and
 * type in its interval: the first at once, then the latest. Used on the hub's events, and on those that came by MQTT.
 */
import type { CancelTimer, Clock } from '../base/clock.js';
import type { HubEvent } from '../hub/hub.js';
import type { MeshEvent } from './shapes.js';

/** What a subscriber asks for, with names resolved; what is not given does not matter. */
export interface EventCriteria {
  readonly kinds?: ReadonlySet<string>;
  /** Of events that are about a node; others are not touched by it. */
  readonly nodes?: ReadonlySet<number>;
  /** Of messages. */
  readonly opcodes?: ReadonlySet<number>;
  /** Ids, of values. */
  readonly types?: ReadonlySet<number>;
  /** ms between two values of one node and type; 0 = every value. */
  readonly minIntervalMs: number;
}

interface Numbered {
  readonly seq: number;
  readonly kind: string;
}

/** What a filter reads from an event of one form. */
export interface EventForm<Event extends Numbered> {
  /** The node that an event is about, if it is about one. */
  nodeOf(event: Event): number | undefined;
  /** Of a value: the id of its type. */
  typeOf(event: Event): number | undefined;
  /** Of a message, where it has one. */
  opcodeOf(event: Event): number | undefined;
}

export interface EventFilterOptions<Event extends Numbered> {
  readonly criteria: EventCriteria;
  readonly form: EventForm<Event>;
  readonly clock: Clock;
  readonly give: (event: Event) => void;
  /** True while values whose interval is over have to wait: until `sendDue`. */
  readonly isBehind?: () => boolean;
}

interface Postponed<Event> {
  readonly event: Event;
  /** Monotonic ms. */
  readonly dueAt: number;
}

export class EventFilter<Event extends Numbered> {
  readonly #options: EventFilterOptions<Event>;
  readonly #lastGivenAt = new Map<number, number>();
  readonly #postponed = new Map<number, Postponed<Event>>();
  /** Monotonic ms of the timer. */
  #timerAt = Number.POSITIVE_INFINITY;
  #cancelTimer: CancelTimer = () => {};

  constructor(options: EventFilterOptions<Event>) {
    this.#options = options;
  }

  /** Values that wait for their interval. */
  get waiting(): number {
    return this.#postponed.size;
  }

  take(event: Event): void {
    const { criteria, form, give } = this.#options;
    if (!passes(criteria, form, event)) return;
    if (event.kind === 'value' && criteria.minIntervalMs > 0) this.#takeValue(event);
    else give(event);
  }

  /** Gives the values whose interval is over. */
  sendDue(): void {
    const { isBehind = () => false, clock } = this.#options;
    this.#stopTimer();
    const now = clock.monotonic();
    for (const [key, { event, dueAt }] of [...this.#postponed].sort(bySeq)) {
      if (isBehind()) return;
      if (dueAt > now) continue;
      this.#postponed.delete(key);
      this.#give(key, event, now);
    }
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#postponed.values()) next = Math.min(next, dueAt);
    if (this.#postponed.size > 0) this.#sendAt(next, now);
  }

  /** What waits is not given any more. */
  close(): void {
    this.#stopTimer();
    this.#postponed.clear();
  }

  #takeValue(event: Event): void {
    const { criteria, form, clock } = this.#options;
    const key = valueKey(form.nodeOf(event) ?? 0, form.typeOf(event) ?? 0);
    const now = clock.monotonic();
    const dueAt = (this.#lastGivenAt.get(key) ?? Number.NEGATIVE_INFINITY) + criteria.minIntervalMs;
    if (dueAt <= now && !this.#postponed.has(key)) {
      this.#give(key, event, now);
      return;
    }
    this.#postponed.set(key, { event, dueAt });
    if (dueAt < this.#timerAt) this.#sendAt(dueAt, now);
  }

  #give(key: number, event: Event, now: number): void {
    this.#lastGivenAt.set(key, now);
    this.#options.give(event);
  }

  #stopTimer(): void {
    this.#cancelTimer();
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #sendAt(dueAt: number, now: number): void {
    this.#stopTimer();
    this.#timerAt = dueAt;
    this.#cancelTimer = this.#options.clock.after(dueAt - now, () => this.sendDue());
  }
}

/** A number, since there are many. Ids of types have at most 16 bits: those of devices begin at 0x100. */
export function valueKey(node: number, typeId: number): number {
  return node * 0x10000 + typeId;
}

function bySeq<Event extends Numbered>(
  [, a]: readonly [number, Postponed<Event>],
  [, b]: readonly [number, Postponed<Event>],
): number {
  return a.event.seq - b.event.seq;
}

function passes<Event extends Numbered>(
  { kinds, nodes, opcodes, types }: EventCriteria,
  form: EventForm<Event>,
  event: Event,
): boolean {
  if (kinds && !kinds.has(event.kind)) return false;
  const node = nodes && form.nodeOf(event);
  if (node !== undefined && !nodes?.has(node)) return false;
  if (types && event.kind === 'value') return types.has(form.typeOf(event) ?? NO_NUMBER);
  if (opcodes && event.kind === 'message') return opcodes.has(form.opcodeOf(event) ?? NO_NUMBER);
  return true;
}

const NO_NUMBER = -1;

/** Events as the hub has them. */
export const HUB_EVENTS: EventForm<HubEvent> = {
  nodeOf(event) {
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
  },
  typeOf: (event) => (event.kind === 'value' ? event.type.id : undefined),
  opcodeOf(event) {
    if (event.kind !== 'message') return undefined;
    const { message } = event;
    if (message.kind === 'text' || message.kind === 'malformed') return undefined;
    return message.kind === 'unknown' ? message.code : message.opcode.opcode;
  },
};

/** Events as clients get them. */
export const MESH_EVENTS: EventForm<MeshEvent> = {
  nodeOf(event) {
    switch (event.kind) {
      case 'message':
        return event.message.from;
      case 'value':
        return event.value.node;
      case 'node':
        return event.node;
      case 'delivery':
        return event.delivery.to ?? undefined;
      case 'alarm':
        return event.alarm.node ?? undefined;
      default:
        return undefined;
    }
  },
  typeOf: (event) => (event.kind === 'value' ? event.value.id : undefined),
  opcodeOf: (event) => (event.kind === 'message' ? (event.message.opcode ?? undefined) : undefined),
};
