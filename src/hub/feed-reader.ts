/**
 * Reads the feed after a number, at the consumer's own pace. Nothing is queued here: events wait in the feed's ring, and
 * those that the ring has dropped in the meantime are reported as a gap.
 *
 * `oldest`: every event that is still held, in order. `newest`: skips events when more than `maxPending` are pending.
 * `latestOnly`: of the pending values, only the latest of each node and type.
 */
import type { Feed, HubEvent, SeqRange } from './hub.js';

export type ReaderPolicy =
  | { readonly kind: 'oldest' }
  | { readonly kind: 'newest'; readonly maxPending: number }
  | { readonly kind: 'latestOnly' };

export interface Batch {
  /** Numbers before these events that are lost; without an end if numbering has restarted lower. */
  readonly gap: SeqRange | undefined;
  readonly events: readonly HubEvent[];
  /** Values omitted in favour of a later one of the same node and type. */
  readonly coalesced: number;
}

/** Default batch size. */
const READ_AT_ONCE = 256;

type ReadableFeed = Pick<Feed, 'lastSeq' | 'replay'>;

export class FeedReader {
  readonly #feed: ReadableFeed;
  readonly #policy: ReaderPolicy;
  #readTo: number;

  /** `after`: the last number that the consumer has; by default the last one published. */
  constructor(feed: ReadableFeed, after: number = feed.lastSeq(), policy: ReaderPolicy = { kind: 'oldest' }) {
    this.#feed = feed;
    this.#policy = policy;
    this.#readTo = after;
  }

  /** The last number that was read, or lies in a gap that was reported. */
  get readTo(): number {
    return this.#readTo;
  }

  /** Number of events still to be read. */
  get pending(): number {
    return Math.max(0, this.#feed.lastSeq() - this.#readTo);
  }

  /** Goes back to an earlier number: the events after it are read again. */
  rewind(seq: number): void {
    this.#readTo = seq;
  }

  /** Skips a gap at the current position, and returns it; reads no events. */
  skipGap(): SeqRange | undefined {
    return this.#next(1).gap;
  }

  /** The next events, at most `limit`; none if all have been read. */
  read(limit: number = READ_AT_ONCE): Batch {
    const isLatestOnly = this.#policy.kind === 'latestOnly';
    const { gap, events } = this.#next(isLatestOnly ? undefined : limit);
    if (isLatestOnly) return { gap, ...this.#pickLatest(events, limit) };
    this.#readTo = events.at(-1)?.seq ?? this.#readTo;
    return { gap, events, coalesced: 0 };
  }

  /** Marks an event that the consumer got directly from the feed as read. Returns the gap before it, if any. */
  follow({ seq }: HubEvent): SeqRange | undefined {
    const gap = rangeBetween(this.#readTo, seq);
    this.#readTo = seq;
    return gap;
  }

  #skipTo(maxPending: number): SeqRange | undefined {
    if (this.pending <= maxPending) return undefined;
    const skipped = { from: this.#readTo + 1, to: this.#feed.lastSeq() - maxPending };
    this.#readTo = skipped.to;
    return skipped;
  }

  /** The next events, and the gap before them; only the gap is marked as read. */
  #next(limit: number | undefined): Pick<Batch, 'gap' | 'events'> {
    const skipped = this.#policy.kind === 'newest' ? this.#skipTo(this.#policy.maxPending) : undefined;
    const { events, gone } = this.#feed.replay(this.#readTo, limit);
    if (gone) this.#readTo = numberBefore(events, this.#feed.lastSeq());
    return { events, gap: joinRanges(skipped, gone) };
  }

  #pickLatest(waiting: readonly HubEvent[], limit: number): Pick<Batch, 'events' | 'coalesced'> {
    const latest = latestOf(waiting);
    const isAll = latest.length <= limit;
    const events = isAll ? latest : latest.slice(0, limit);
    this.#readTo = (isAll ? waiting : events).at(-1)?.seq ?? this.#readTo;
    const passed = waiting.filter(({ seq }) => seq <= this.#readTo).length;
    return { events, coalesced: passed - events.length };
  }
}

/**
 * The number to continue after when some events are gone: the one before the first of `events`, or the last one
 * published if there are none.
 */
export function numberBefore(events: readonly { readonly seq: number }[], lastSeq: number): number {
  return events[0] ? events[0].seq - 1 : lastSeq;
}

/** The numbers between two events; undefined if they are consecutive. */
export function rangeBetween(last: number, next: number): { from: number; to: number } | undefined {
  return next > last + 1 ? { from: last + 1, to: next - 1 } : undefined;
}

/** How many numbers a gap has; 0 if that is unknown because numbering has restarted. */
export function lengthOfRange({ from, to }: SeqRange): number {
  return to === null ? 0 : to - from + 1;
}

function joinRanges(first: SeqRange | undefined, second: SeqRange | undefined): SeqRange | undefined {
  return first && second ? { from: first.from, to: second.to } : (first ?? second);
}

function latestOf(events: readonly HubEvent[]): HubEvent[] {
  const latest = new Map<string, number>();
  for (const event of events) if (event.kind === 'value') latest.set(keyOf(event), event.seq);
  return events.filter((event) => event.kind !== 'value' || latest.get(keyOf(event)) === event.seq);
}

function keyOf({ node, type }: Extract<HubEvent, { kind: 'value' }>): string {
  return `${node}:${type.id}`;
}
