/**
 * Publishes every event of the hub, in order. Nothing is queued here while the broker is slow or unreachable: events
 * are read from the hub's ring after the last acknowledged number. Events that the ring has dropped are reported as a gap.
 */

import { describeEvent } from '../../api/describe.js';
import type { MeshEvent } from '../../api/shapes.js';
import { FeedReader } from '../../hub/feed-reader.js';
import type { Hub, HubEvent } from '../../hub/hub.js';
import type { Topics } from '../../mqtt/topics.js';
import { formatAddress } from '../../protocol/address.js';
import type { Lane, LanePublication } from './outbox.js';

/** Events read from the ring at a time. */
const BATCH_SIZE = 64;

/** Publications handed out, in order; `seq`: everything up to this number is acknowledged with it. */
interface Sent {
  readonly seq: number;
  isAcknowledged: boolean;
}

export interface EventLaneOptions {
  readonly hub: Hub;
  readonly topics: Topics;
  readonly now: () => number;
  /** The broker has acknowledged every event up to this number. */
  readonly onAcknowledged: (seq: number) => void;
}

/** A range of events that will never be published, both ends included; `from` is null if unknown. */
export interface Gap {
  readonly from: number | null;
  readonly to: number | null;
}

export class EventLane implements Lane {
  readonly #options: EventLaneOptions;
  readonly #reader: FeedReader;
  #acknowledged: number;
  /** The last number handed out, as an event or in a gap. */
  #handedOut: number;
  #batch: readonly HubEvent[] = [];
  #nextInBatch = 0;
  #gap: Gap | undefined;
  /** Events up to this number may be missing, and the gap is not acknowledged yet. */
  #unknownTo: number | undefined;
  /** Events that the broker rejected. */
  #refused: number[] = [];
  #sent: Sent[] = [];
  #gapCount = 0;

  /** `since`: the last number that the broker has; undefined if unknown: only new events are published. */
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
    const pending = Math.max(0, hub.feed.lastSeq() - this.#acknowledged);
    return { acknowledged: this.#acknowledged, behind: pending, gaps: this.#gapCount };
  }

  next(): LanePublication | undefined {
    if (!this.#gap && this.#nextInBatch === this.#batch.length) this.#read();
    if (this.#gap) return this.#gapPublication(this.#gap);
    const refused = this.#refused.shift();
    if (refused !== undefined) return this.#gapPublication({ from: refused, to: refused });
    const event = this.#batch[this.#nextInBatch];
    if (!event) return undefined;
    this.#nextInBatch++;
    this.#handedOut = event.seq;
    return this.#eventPublication(event);
  }

  /** Unacknowledged events are read again and may be published twice; readers detect that by the number. */
  restart(): void {
    this.#batch = [];
    this.#nextInBatch = 0;
    this.#sent = [];
    this.#refused = [];
    this.#handedOut = this.#acknowledged;
    this.#reader.rewind(this.#acknowledged);
    this.#gap = this.#unknownTo === undefined ? undefined : { from: null, to: this.#unknownTo };
  }

  /** A gap is published before the events after it are read. */
  #read(): void {
    this.#gap = this.#reader.skipGap();
    if (this.#gap) this.#handedOut = this.#reader.readTo;
    this.#batch = this.#gap ? [] : this.#reader.read(BATCH_SIZE).events;
    this.#nextInBatch = 0;
  }

  #gapPublication(gap: Gap): LanePublication {
    this.#gap = undefined;
    this.#gapCount++;
    const { topics, now } = this.#options;
    const payload = JSON.stringify({ at: now(), kind: 'gap', ...gap });
    return { topic: topics.event('gap'), payload, retain: false, onDone: this.#expect(this.#handedOut) };
  }

  #eventPublication(event: HubEvent): LanePublication {
    const described = describeEvent(event);
    const topic = this.#options.topics.event(described.kind, ...aboutOf(described));
    const onDone = this.#expect(event.seq, event.seq);
    return { topic, payload: JSON.stringify(described), retain: false, onDone };
  }

  /** The acknowledged number rises as far as nothing before it is open. `event`: the event's number, if it is one. */
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

/** The topic levels after the event's kind. */
function aboutOf(event: MeshEvent): string[] {
  switch (event.kind) {
    case 'message':
      return [formatAddress(event.message.from), event.message.name];
    case 'value':
      return [event.value.device ?? formatAddress(event.value.node), event.value.type];
    case 'node':
      return [event.device ?? formatAddress(event.node)];
    case 'delivery':
      return [
        event.delivery.device ?? (event.delivery.to === null ? 'all' : formatAddress(event.delivery.to)),
      ];
    case 'alarm':
      return [event.alarm.code];
    default:
      return [];
  }
}
