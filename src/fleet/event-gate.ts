/**
 * One subscription to a gateway's event topics: passes on matching events in order, without duplicates, and reports each
 * missing range as a gap.
 */
import { type EventCriteria, EventFilter, MESH_EVENTS } from '../api/event-filter.js';
import { type Clock, systemClock } from '../base/clock.js';
import type { MeshEvent } from '../client/index.js';
import { rangeBetween } from '../hub/feed-reader.js';

/** As published by the gateway. `from` is null if unknown; `to` is null if the numbering restarted lower. */
export interface GapNotice {
  readonly kind: 'gap';
  readonly from: number | null;
  readonly to: number | null;
}

export interface GateHandlers {
  onEvent(event: MeshEvent): void;
  /** Both ends included. */
  onGap(from: number, to: number): void;
  /** The numbers can't show any more which events are missing: subscribe again. */
  onLostCount(): void;
}

/** Events held until the answer to `subscribe` arrives. */
const MAX_HELD = 20_000;

export class EventGate {
  readonly #filter: EventFilter<MeshEvent>;
  readonly #handlers: GateHandlers;
  /** Events received before the gate was opened. */
  #held: (MeshEvent | GapNotice)[] | undefined = [];
  /** Number of the last event. */
  #seq = 0;

  constructor(criteria: EventCriteria, handlers: GateHandlers, clock: Clock = systemClock) {
    const give = (event: MeshEvent) => handlers.onEvent(event);
    this.#filter = new EventFilter({ criteria, form: MESH_EVENTS, clock, give });
    this.#handlers = handlers;
  }

  /** Passes on `events`, which follow number `after`, then the events held so far. */
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
    this.#filter.close();
  }

  #hold(held: (MeshEvent | GapNotice)[], event: MeshEvent | GapNotice): void {
    if (held.length < MAX_HELD) held.push(event);
    else this.#handlers.onLostCount();
  }

  #onGap({ from, to }: GapNotice): void {
    if (to === null) this.#handlers.onLostCount();
    else if (to > this.#seq) this.#reportGap(Math.max(from ?? 0, this.#seq + 1), to);
  }

  /** A broker may deliver an event twice, and drops messages for a slow reader without notice. */
  #onEvent(event: MeshEvent): void {
    if (event.seq <= this.#seq) return;
    const missed = rangeBetween(this.#seq, event.seq);
    if (missed) this.#reportGap(missed.from, missed.to);
    this.#seq = event.seq;
    this.#filter.take(event);
  }

  #reportGap(from: number, to: number): void {
    this.#seq = to;
    this.#handlers.onGap(from, to);
  }
}
