/**
 * Every event of the hub, in order, each once it may go: what waits while the broker is away or slow is the hub's own
 * ring, read behind the last number that the broker has acknowledged. What the ring has let go of is told by a gap.
 */

import { describeEvent } from '../../api/describe.js';
import type { MeshEvent } from '../../api/shapes.js';
import type { Hub, HubEvent, SeqRange } from '../../hub/hub.js';
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

export interface EventLaneParts {
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
  readonly #parts: EventLaneParts;
  #acknowledged: number;
  #readTo: number;
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
  constructor(since: number | undefined, parts: EventLaneParts) {
    this.#parts = parts;
    this.#acknowledged = since ?? parts.hub.feed.lastSeq();
    this.#readTo = this.#acknowledged;
    if (since === undefined) this.#unknownTo = this.#acknowledged;
    this.restart();
  }

  counters() {
    const { hub } = this.#parts;
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
    this.#readTo = event.seq;
    return this.#tellEvent(event);
  }

  /** What is not acknowledged is read again, and may be published twice: its number tells. */
  restart(): void {
    this.#batch = [];
    this.#nextInBatch = 0;
    this.#sent = [];
    this.#refused = [];
    this.#readTo = this.#acknowledged;
    this.#gap = this.#unknownTo === undefined ? undefined : { from: null, to: this.#unknownTo };
  }

  #read(): void {
    const { events, gone } = this.#parts.hub.feed.replay(this.#readTo, READ_AT_ONCE);
    this.#batch = events;
    this.#nextInBatch = 0;
    if (gone) this.#skip(gone, events[0]);
  }

  #skip(gone: SeqRange, next: HubEvent | undefined): void {
    this.#gap = gone;
    this.#readTo = (next?.seq ?? this.#parts.hub.feed.lastSeq() + 1) - 1;
  }

  #tellGap(gap: Gap): LanePublication {
    this.#gap = undefined;
    this.#gapsTold++;
    const { topics, now } = this.#parts;
    const payload = JSON.stringify({ at: now(), kind: 'gap', ...gap });
    return { topic: topics.event('gap'), payload, retain: false, onDone: this.#expect(this.#readTo) };
  }

  #tellEvent(event: HubEvent): LanePublication {
    const described = describeEvent(event);
    const topic = this.#parts.topics.event(described.kind, ...aboutOf(described));
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
    this.#parts.onAcknowledged(seq);
  }
}

/** What stands in an event's topic behind its kind. */
function aboutOf(event: MeshEvent): string[] {
  switch (event.kind) {
    case 'message':
      return [formatAddress(event.message.from), event.message.name];
    case 'value':
      return [event.value.device ?? formatAddress(event.value.node), event.value.type];
    case 'node':
      return [event.device ?? formatAddress(event.node)];
    case 'delivery':
      return [event.delivery.to === null ? 'all' : formatAddress(event.delivery.to)];
    case 'alarm':
      return [event.alarm.code];
    default:
      return [];
  }
}
