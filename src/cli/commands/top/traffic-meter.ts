import type { StreamEvent } from '../../../client/index.js';
import type { JoinedEvent } from '../../text/event-line.js';
import { ValueJoiner } from '../watch/value-joiner.js';

/** Rates are means over this time: short enough to follow, long enough not to jump. */
const WINDOW_MS = 10_000;
/** Events kept for display: more than a screen has lines. */
const KEPT = 200;

/** Messages per second by node, and the last events. */
export class TrafficMeter {
  readonly #joiner = new ValueJoiner();
  readonly #startedAt: number;
  #messages: { readonly at: number; readonly from: number }[] = [];
  #recent: JoinedEvent[] = [];

  /** `now`: ms since the epoch. */
  constructor(now: number) {
    this.#startedAt = now;
  }

  /** `now`: time of arrival. */
  add(event: StreamEvent, now: number): void {
    if (event.kind === 'message') this.#messages.push({ at: now, from: event.message.from });
    const shown = this.#joiner.take(event).filter((one) => one.event.kind !== 'value');
    this.#recent = [...this.#recent, ...shown].slice(-KEPT);
  }

  /** Newest last. */
  recent(count: number): readonly JoinedEvent[] {
    return count > 0 ? this.#recent.slice(-count) : [];
  }

  /** Messages per second of each node, over the last 10 s or since the start. */
  rates(now: number): ReadonlyMap<number, number> {
    this.#messages = this.#messages.filter(({ at }) => at > now - WINDOW_MS);
    const seconds = Math.min(WINDOW_MS, Math.max(1000, now - this.#startedAt)) / 1000;
    const counts = new Map<number, number>();
    for (const { from } of this.#messages) counts.set(from, (counts.get(from) ?? 0) + 1);
    return new Map([...counts].map(([node, count]) => [node, Math.round((count / seconds) * 10) / 10]));
  }
}
