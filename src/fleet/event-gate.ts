/**
 * One subscription to a gateway's event topics: what passes its filter, in order, none twice, and a gap for each range
 * that did not come.
 */
import { type EventCriteria, EventFilter, MESH_EVENTS } from '../api/event-filter.js';
import { type Clock, systemClock } from '../base/clock.js';
import type { MeshEvent } from '../client/index.js';
import { rangeBetween } from '../hub/feed-reader.js';

/** As the gateway publishes it. `from` is null where it is not known; `to`, where the numbering began again lower. */
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

/** Events that may come while the answer to `subscribe` is under way. */
const MAX_HELD = 20_000;

export class EventGate {
  readonly #filter: EventFilter<MeshEvent>;
  readonly #handlers: GateHandlers;
  /** What came before the gate was opened. */
  #held: (MeshEvent | GapNotice)[] | undefined = [];
  /** Number of the last event that was taken. */
  #seq = 0;

  constructor(criteria: EventCriteria, handlers: GateHandlers, clock: Clock = systemClock) {
    const give = (event: MeshEvent) => handlers.onEvent(event);
    this.#filter = new EventFilter({ criteria, form: MESH_EVENTS, clock, give });
    this.#handlers = handlers;
  }

  /** Gives `events`, which begin after `after`, then what has come since. */
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
    else if (to > this.#seq) this.#tellGap(Math.max(from ?? 0, this.#seq + 1), to);
  }

  /** A broker may give an event twice; and what it drops for a slow reader it does not tell. */
  #onEvent(event: MeshEvent): void {
    if (event.seq <= this.#seq) return;
    const missed = rangeBetween(this.#seq, event.seq);
    if (missed) this.#tellGap(missed.from, missed.to);
    this.#seq = event.seq;
    this.#filter.take(event);
  }

  #tellGap(from: number, to: number): void {
    this.#seq = to;
    this.#handlers.onGap(from, to);
  }
}
