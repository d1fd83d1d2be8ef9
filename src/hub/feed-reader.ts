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

/** Numbers that the reader will not be given, both ends included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

export interface Batch {
  /** What was missed before these events. */
  readonly gap: Gap | undefined;
  readonly events: readonly HubEvent[];
}

/** Events that are read from the ring at a time. */
const READ_AT_ONCE = 256;

export class FeedReader {
  readonly #feed: Pick<Feed, 'lastSeq' | 'replay'>;
  readonly #policy: ReaderPolicy;
  #readTo: number;

  /** `after`: the last number that the reader has; the last one so far unless given. */
  constructor(
    feed: Pick<Feed, 'lastSeq' | 'replay'>,
    after: number = feed.lastSeq(),
    policy: ReaderPolicy = { kind: 'oldest' },
  ) {
    this.#feed = feed;
    this.#policy = policy;
    this.#readTo = after;
  }

  /** The last number that was read, or lies in a gap that was reported. */
  get readTo(): number {
    return this.#readTo;
  }

  /** Events that wait. */
  get behind(): number {
    return Math.max(0, this.#feed.lastSeq() - this.#readTo);
  }

  /** Goes back to an earlier number: what follows it is read again. */
  rewind(seq: number): void {
    this.#readTo = seq;
  }

  /** The next events, `limit` at most; none when all have been read. */
  read(limit: number = READ_AT_ONCE): Batch {
    const skipped = this.#policy.kind === 'newest' ? this.#skipTo(this.#policy.maxBehind) : undefined;
    const { events, gone } = this.#feed.replay(this.#readTo, limit);
    const gap = joinGaps(skipped, gone && this.#close(gone, events[0]));
    this.#readTo = events.at(-1)?.seq ?? Math.max(this.#readTo, gap?.to ?? this.#readTo);
    return { gap, events: this.#policy.kind === 'latestOnly' ? latestOf(events) : events };
  }

  #skipTo(maxBehind: number): Gap | undefined {
    if (this.behind <= maxBehind) return undefined;
    const from = this.#readTo + 1;
    this.#readTo = this.#feed.lastSeq() - maxBehind;
    return { from, to: this.#readTo };
  }

  /** A gap without a known end is the numbering begun again lower: it reaches to the first event that is there. */
  #close(gone: SeqRange, next: HubEvent | undefined): Gap {
    const reached = (next?.seq ?? this.#feed.lastSeq() + 1) - 1;
    if (gone.to === null) this.#readTo = reached;
    return { from: gone.from, to: gone.to ?? reached };
  }
}

function joinGaps(first: Gap | undefined, second: Gap | undefined): Gap | undefined {
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
