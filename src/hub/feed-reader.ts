/**
 * Reads the feed after a number, as fast as its own reader takes events. Nothing is queued: what waits is the feed's
 * ring. What the ring has dropped meanwhile comes as a gap, never as a silent hole.
 *
 * `oldest`: every event that is still held, in order. `newest`: a reader that is more than `maxBehind` events behind
 * skips to the newest ones. `latestOnly`: of the values, the latest of each node and type among those that wait.
 */
import type { Feed, HubEvent, SeqRange } from './hub.js';

export type ReaderPolicy =
  | { readonly kind: 'oldest' }
  | { readonly kind: 'newest'; readonly maxBehind: number }
  | { readonly kind: 'latestOnly' };

export interface Batch {
  /** Numbers before these events that the reader will not be given; without an end where the numbering began again lower. */
  readonly gap: SeqRange | undefined;
  readonly events: readonly HubEvent[];
  /** Values that were left out for a later one of the same node and type. */
  readonly coalesced: number;
}

/** Events that are read from the ring at a time. */
const READ_AT_ONCE = 256;

type ReadableFeed = Pick<Feed, 'lastSeq' | 'replay'>;

export class FeedReader {
  readonly #feed: ReadableFeed;
  readonly #policy: ReaderPolicy;
  #readTo: number;

  /** `after`: the last number that the reader has; the last one so far unless given. */
  constructor(feed: ReadableFeed, after: number = feed.lastSeq(), policy: ReaderPolicy = { kind: 'oldest' }) {
    this.#feed = feed;
    this.#policy = policy;
    this.#readTo = after;
  }

  /** The last number that was read, or lies in a gap that was reported. */
  get readTo(): number {
    return this.#readTo;
  }

  /** Numbers that wait. */
  get behind(): number {
    return Math.max(0, this.#feed.lastSeq() - this.#readTo);
  }

  /** Goes back to an earlier number: what follows it is read again. */
  rewind(seq: number): void {
    this.#readTo = seq;
  }

  /** Goes past what is gone, and returns it; reads nothing. */
  skipGap(): SeqRange | undefined {
    return this.#next(1).gap;
  }

  /** The next events, `limit` at most; none when all have been read. */
  read(limit: number = READ_AT_ONCE): Batch {
    const isLatestOnly = this.#policy.kind === 'latestOnly';
    const { gap, events } = this.#next(isLatestOnly ? undefined : limit);
    if (isLatestOnly) return { gap, ...this.#pickLatest(events, limit) };
    this.#readTo = events.at(-1)?.seq ?? this.#readTo;
    return { gap, events, coalesced: 0 };
  }

  /** Takes an event as the feed gives it: it counts as read. Returns the numbers before it that no event had. */
  follow({ seq }: HubEvent): SeqRange | undefined {
    const gap = rangeBetween(this.#readTo, seq);
    this.#readTo = seq;
    return gap;
  }

  #skipTo(maxBehind: number): SeqRange | undefined {
    if (this.behind <= maxBehind) return undefined;
    const skipped = { from: this.#readTo + 1, to: this.#feed.lastSeq() - maxBehind };
    this.#readTo = skipped.to;
    return skipped;
  }

  /** What comes next, and what is gone before it; only the latter counts as read. */
  #next(limit: number | undefined): Pick<Batch, 'gap' | 'events'> {
    const skipped = this.#policy.kind === 'newest' ? this.#skipTo(this.#policy.maxBehind) : undefined;
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
 * The number after which reading goes on where some are gone: the one before the first of `events` that are held, or
 * where there are none, the last that was given out.
 */
export function numberBefore(events: readonly { readonly seq: number }[], lastSeq: number): number {
  return events[0] ? events[0].seq - 1 : lastSeq;
}

/** The numbers between two events; undefined where they follow one another. */
export function rangeBetween(last: number, next: number): { from: number; to: number } | undefined {
  return next > last + 1 ? { from: last + 1, to: next - 1 } : undefined;
}

/** How many numbers a gap has; 0 where that is not known, since the numbering began again. */
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
