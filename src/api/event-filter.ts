/**
 * Filters the events of a subscriber by its criteria, and limits values to one per node and type in an interval: the
 * first immediately, then the latest. Used for the hub's events and for those received by MQTT.
 */
import type { CancelTimer, Clock } from '../base/clock.js';
import type { HubEvent } from '../hub/hub.js';
import type { MeshEvent } from './shapes.js';

/** Criteria of a subscriber, with names resolved; a missing criterion matches everything. */
export interface EventCriteria {
  readonly kinds?: ReadonlySet<string>;
  /** For events about a node; other events pass. */
  readonly nodes?: ReadonlySet<number>;
  /** For messages. */
  readonly opcodes?: ReadonlySet<number>;
  /** Type ids, for values. */
  readonly types?: ReadonlySet<number>;
  /** Minimum ms between values of one node and type; 0 = every value. */
  readonly minIntervalMs: number;
}

interface Numbered {
  readonly seq: number;
  readonly kind: string;
}

/** Access to the properties of events in one format. */
export interface EventForm<Event extends Numbered> {
  /** The node that an event is about, if any. */
  nodeOf(event: Event): number | undefined;
  /** The type id of a value. */
  typeOf(event: Event): number | undefined;
  /** The opcode of a message, if it has one. */
  opcodeOf(event: Event): number | undefined;
}

export interface EventFilterOptions<Event extends Numbered> {
  readonly criteria: EventCriteria;
  readonly form: EventForm<Event>;
  readonly clock: Clock;
  readonly give: (event: Event) => void;
  /** True while due values must wait until `sendDue` is called. */
  readonly isBackedUp?: () => boolean;
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
  /** Monotonic ms at which the timer fires. */
  #timerAt = Number.POSITIVE_INFINITY;
  #cancelTimer: CancelTimer = () => {};

  constructor(options: EventFilterOptions<Event>) {
    this.#options = options;
  }

  /** Values waiting for their interval. */
  get waiting(): number {
    return this.#postponed.size;
  }

  take(event: Event): void {
    const { criteria, form, give } = this.#options;
    if (!passes(criteria, form, event)) return;
    if (event.kind === 'value' && criteria.minIntervalMs > 0) this.#takeValue(event);
    else give(event);
  }

  /** Passes on the values that are due. */
  sendDue(): void {
    const { isBackedUp = () => false, clock } = this.#options;
    this.#stopTimer();
    const now = clock.monotonic();
    for (const [key, { event, dueAt }] of [...this.#postponed].sort(bySeq)) {
      if (isBackedUp()) return;
      if (dueAt > now) continue;
      this.#postponed.delete(key);
      this.#give(key, event, now);
    }
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#postponed.values()) next = Math.min(next, dueAt);
    if (this.#postponed.size > 0) this.#sendAt(next, now);
  }

  /** Drops the waiting values. */
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

/** A number, because there are many keys. Type ids have at most 16 bits: those of devices begin at 0x100. */
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

/** Events of the hub. */
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

/** Events in the format that clients receive. */
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
