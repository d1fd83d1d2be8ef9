/**
 * Every event of the hub, in order, each once it may go: what waits while the broker is away or slow is the hub's own
 * ring, read after the last number that the broker has acknowledged. What the ring has dropped is reported by a gap.
 */

import { describeEvent } from '../../api/describe.js';
import type { MeshEvent } from '../../api/shapes.js';
import { FeedReader } from '../../hub/feed-reader.js';
import type { Hub, HubEvent } from '../../hub/hub.js';
import type { Topics } from '../../mqtt/topics.js';
import { formatAddress } from '../../protocol/address.js';
import type { Lane, LanePublication } from './outbox.js';

/** Events that are read from the ring at a time. */
const READ_AT_ONCE = 64;

/** Handed out, in order; `seq`: the number that is reached with it. */
interface Sent {
  readonly seq: number;
  isAcknowledged: boolean;
}

export interface EventLaneOptions {
  readonly hub: Hub;
  readonly topics: Topics;
  readonly now: () => number;
  /** The broker has every event up to this number. */
  readonly onAcknowledged: (seq: number) => void;
}

/** A range that will never be published, both ends included; `from` is null where it is not known. */
export interface Gap {
  readonly from: number | null;
  readonly to: number | null;
}

export class EventLane implements Lane {
  readonly #options: EventLaneOptions;
  readonly #reader: FeedReader;
  #acknowledged: number;
  /** The last number that was handed out, or lies in a gap that was. */
  #handedOut: number;
  #batch: readonly HubEvent[] = [];
  #nextInBatch = 0;
  #gap: Gap | undefined;
  /** What came before this number is not known, and the broker has not been told so yet. */
  #unknownTo: number | undefined;
  /** Events that the broker would not take. */
  #refused: number[] = [];
  #sent: Sent[] = [];
  #gapsTold = 0;

  /** `since`: the last number that the broker has; undefined = not known: it begins with what the hub has now. */
  constructor(since: number | undefined, options: EventLaneOptions) {
    this.#options = options;
    this.#acknowledged = since ?? options.hub.feed.lastSeq();
    this.#handedOut = this.#acknowledged;
    this.#reader = new FeedReader(options.hub.feed, this.#acknowledged);
    if (since === undefined) this.#unknownTo = this.#acknowledged;
    this.restart();
  }

  counters() {
    const { hub } = this.#options;
    const behind = Math.max(0, hub.feed.lastSeq() - this.#acknowledged);
    return { acknowledged: this.#acknowledged, behind, gaps: this.#gapsTold };
  }

  next(): LanePublication | undefined {
    if (!this.#gap && this.#nextInBatch === this.#batch.length) this.#read();
    if (this.#gap) return this.#tellGap(this.#gap);
    const refused = this.#refused.shift();
    if (refused !== undefined) return this.#tellGap({ from: refused, to: refused });
    const event = this.#batch[this.#nextInBatch];
    if (!event) return undefined;
    this.#nextInBatch++;
    this.#handedOut = event.seq;
    return this.#tellEvent(event);
  }

  /** What is not acknowledged is read again, and may be published twice: its number tells. */
  restart(): void {
    this.#batch = [];
    this.#nextInBatch = 0;
    this.#sent = [];
    this.#refused = [];
    this.#handedOut = this.#acknowledged;
    this.#reader.rewind(this.#acknowledged);
    this.#gap = this.#unknownTo === undefined ? undefined : { from: null, to: this.#unknownTo };
  }

  /** A gap goes out before the events after it are read. */
  #read(): void {
    this.#gap = this.#reader.skipGap();
    if (this.#gap) this.#handedOut = this.#reader.readTo;
    this.#batch = this.#gap ? [] : this.#reader.read(READ_AT_ONCE).events;
    this.#nextInBatch = 0;
  }

  #tellGap(gap: Gap): LanePublication {
    this.#gap = undefined;
    this.#gapsTold++;
    const { topics, now } = this.#options;
    const payload = JSON.stringify({ at: now(), kind: 'gap', ...gap });
    return { topic: topics.event('gap'), payload, retain: false, onDone: this.#expect(this.#handedOut) };
  }

  #tellEvent(event: HubEvent): LanePublication {
    const described = describeEvent(event);
    const topic = this.#options.topics.event(described.kind, ...aboutOf(described));
    const onDone = this.#expect(event.seq, event.seq);
    return { topic, payload: JSON.stringify(described), retain: false, onDone };
  }

  /** The acknowledged number rises to the last one below which nothing is open. `event`: where it is one. */
  #expect(seq: number, event?: number): (refusal?: string) => void {
    const sent: Sent = { seq, isAcknowledged: false };
    this.#sent.push(sent);
    return (refusal) => {
      sent.isAcknowledged = true;
      if (refusal !== undefined && event !== undefined) this.#refused.push(event);
      let reached: number | undefined;
      while (this.#sent[0]?.isAcknowledged) reached = this.#sent.shift()?.seq;
      if (reached !== undefined) this.#onReached(reached);
    };
  }

  #onReached(seq: number): void {
    this.#unknownTo = undefined;
    this.#acknowledged = seq;
    this.#options.onAcknowledged(seq);
  }
}

/** What stands in an event's topic behind its kind. */
function aboutOf(event: MeshEvent): string[] {
  switch (event.kind) {
    case 'message':
      return [formatAddress(event.message.from), event.message.name];
    case 'value':
      return [formatAddress(event.value.node), event.value.type];
    case 'node':
      return [formatAddress(event.node)];
    case 'delivery':
      return [event.delivery.to === null ? 'all' : formatAddress(event.delivery.to)];
    case 'alarm':
      return [event.alarm.code];
    default:
      return [];
  }
}
