/**
 * One subscription to a gateway's event topics: what passes its filter, in order, none twice, and a gap for each range
 * that did not come.
 */
import type { MeshEvent } from '../client/index.js';
import { rangeBetween } from '../hub/feed-reader.js';

/** What a subscriber wants, with names resolved; what is not given does not matter. */
export interface GateFilter {
  readonly kinds?: ReadonlySet<string>;
  readonly nodes?: ReadonlySet<number>;
  readonly opcodes?: ReadonlySet<number>;
  readonly types?: ReadonlySet<number>;
  /** ms between values of one node and type; 0 = every value. */
  readonly minIntervalMs: number;
}

/** As the gateway publishes it. `from` is null where it is not known; `to`, where the numbering has begun anew. */
export interface GapNotice {
  readonly kind: 'gap';
  readonly from: number | null;
  readonly to: number | null;
}

export interface GateHandlers {
  onEvent(event: MeshEvent): void;
  /** Both ends included. */
  onGap(from: number, to: number): void;
  /** The numbers no longer tell what is missing: only a new subscription does. */
  onLostCount(): void;
}

type ValueEvent = Extract<MeshEvent, { kind: 'value' }>;

/** Events that may come while the answer to `subscribe` is under way. */
const MAX_HELD = 20_000;

export class EventGate {
  readonly #filter: GateFilter;
  readonly #handlers: GateHandlers;
  /** What came before the gate was opened. */
  #held: (MeshEvent | GapNotice)[] | undefined = [];
  /** Number of the last event that was taken. */
  #seq = 0;
  readonly #sentAt = new Map<string, number>();
  readonly #postponed = new Map<string, ValueEvent>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(filter: GateFilter, handlers: GateHandlers) {
    this.#filter = filter;
    this.#handlers = handlers;
  }

  /** Gives `events`, which begin behind `after`, then what has come since. */
  open(after: number, events: readonly MeshEvent[]): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#seq = after;
    for (const event of [...events, ...held]) this.take(event);
  }

  take(event: MeshEvent | GapNotice): void {
    if (this.#held) this.#hold(this.#held, event);
    else if (event.kind === 'gap') this.#onGap(event);
    else this.#onEvent(event);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#postponed.clear();
  }

  #hold(held: (MeshEvent | GapNotice)[], event: MeshEvent | GapNotice): void {
    if (held.length < MAX_HELD) held.push(event);
    else this.#handlers.onLostCount();
  }

  #onGap({ from, to }: GapNotice): void {
    if (to === null) this.#handlers.onLostCount();
    else if (to > this.#seq) this.#tellGap(Math.max(from ?? 0, this.#seq + 1), to);
  }

  /** A broker may give an event twice; and what it drops for a slow reader it does not tell. */
  #onEvent(event: MeshEvent): void {
    if (event.seq <= this.#seq) return;
    const missed = rangeBetween(this.#seq, event.seq);
    if (missed) this.#tellGap(missed.from, missed.to);
    this.#seq = event.seq;
    if (!passes(this.#filter, event)) return;
    if (event.kind === 'value' && this.#filter.minIntervalMs > 0) this.#takeTurn(event);
    else this.#handlers.onEvent(event);
  }

  #tellGap(from: number, to: number): void {
    this.#seq = to;
    this.#handlers.onGap(from, to);
  }

  /** The first value of a node and type goes at once; then the latest, once an interval. */
  #takeTurn(event: ValueEvent): void {
    const key = `${event.value.node}:${event.value.id}`;
    const waitMs = (this.#sentAt.get(key) ?? 0) + this.#filter.minIntervalMs - performance.now();
    if (!this.#sentAt.has(key) || (waitMs <= 0 && !this.#timers.has(key))) {
      this.#give(key, event);
      return;
    }
    this.#postponed.set(key, event);
    if (!this.#timers.has(key))
      this.#timers.set(
        key,
        setTimeout(() => this.#givePostponed(key), waitMs),
      );
  }

  #givePostponed(key: string): void {
    const event = this.#postponed.get(key);
    this.#timers.delete(key);
    this.#postponed.delete(key);
    if (event) this.#give(key, event);
  }

  #give(key: string, event: ValueEvent): void {
    this.#sentAt.set(key, performance.now());
    this.#handlers.onEvent(event);
  }
}

export function passes({ kinds, nodes, opcodes, types }: GateFilter, event: MeshEvent): boolean {
  if (kinds && !kinds.has(event.kind)) return false;
  const node = nodeOf(event);
  if (nodes && node !== undefined && !nodes.has(node)) return false;
  if (types && event.kind === 'value') return types.has(event.value.id);
  if (opcodes && event.kind === 'message') return opcodes.has(event.message.opcode ?? -1);
  return true;
}

/** The node that an event is about, if it is about one. */
function nodeOf(event: MeshEvent): number | undefined {
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
}
