/**
 * What goes to the broker. Nothing is queued here: as long as the broker takes more, the lanes are asked for their
 * next publication in turn, so that what waits is what they hold anyway (the hub's ring, the picture, a few answers).
 */
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import type { BrokerConnection, BrokerLimits, Publication } from '../../mqtt/broker.js';

/** Something that has publications. */
export interface Lane {
  /** The next one, if there is one now. */
  next(): LanePublication | undefined;
  /** The connection is lost: what was not acknowledged counts as not sent. */
  restart(): void;
}

export interface LanePublication extends Publication {
  /** The broker has it, or, with `refusal`, will never take it. */
  readonly onDone?: (refusal?: string) => void;
}

/** Publications that may be unacknowledged, unless the broker wants fewer. */
const MAX_UNACKNOWLEDGED = 256;
/** Their bytes: beyond that the link is what is slow. */
const MAX_UNACKNOWLEDGED_BYTES = 1_048_576;
/** Publications that go out in one write. */
const PUBLISHED_AT_ONCE = 8;
/** Publications that are made while the broker works on others, so that neither waits for the other. */
const MADE_AHEAD = 16;
const ACK_TIMEOUT_MS = 30_000;
const CHECK_EVERY_MS = 5000;
/** Bytes of a packet besides topic and payload, at most. */
const PACKET_OVERHEAD = 512;

export interface OutboxOptions {
  readonly clock: Clock;
  readonly lanes: readonly Lane[];
  /** The broker acknowledges nothing any more. */
  readonly onStalled: () => void;
  /** Something was not taken: by the broker, or because it is too large for it. */
  readonly onRefused: (publication: Publication, why: string) => void;
}

export class Outbox {
  readonly counts = new Counters(['published', 'acknowledged', 'refused', 'tooLarge']);
  readonly #options: OutboxOptions;
  #broker: BrokerConnection | undefined;
  #limits: BrokerLimits = { receiveMaximum: 1, maximumPacketSize: 0 };
  #unacknowledged = 0;
  #unacknowledgedBytes = 0;
  /** Monotonic ms. */
  #lastProgressAt = 0;
  #turn = 0;
  /** Made ahead. */
  #made: LanePublication[] = [];
  #isWoken = false;
  #cancelCheck: CancelTimer = () => {};

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Publications that the broker has not acknowledged yet. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** A connection is there. */
  open(broker: BrokerConnection, limits: BrokerLimits): void {
    this.#broker = broker;
    this.#limits = limits;
    this.#cancelCheck = every(this.#options.clock, CHECK_EVERY_MS, () => this.#tick());
    this.wake();
  }

  /** It is gone. */
  close(): void {
    if (!this.#broker) return;
    this.#broker = undefined;
    this.#unacknowledged = 0;
    this.#unacknowledgedBytes = 0;
    this.#cancelCheck();
    this.#made = [];
    for (const lane of this.#options.lanes) lane.restart();
  }

  /** A lane may have something: once for all that happens in one turn of the event loop. */
  wake(): void {
    if (this.#isWoken || !this.#broker) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      this.#pump();
    });
  }

  /** What was published is written before more is made: the broker works on it meanwhile. */
  #pump(): void {
    for (let published = 0; this.#broker && this.#hasRoom; published++) {
      if (published === PUBLISHED_AT_ONCE) {
        this.#pumpLater();
        return;
      }
      const publication = this.#made.shift() ?? this.#next();
      if (!publication) return;
      this.#publish(this.#broker, publication);
    }
    process.nextTick(() => this.#makeAhead());
  }

  #pumpLater(): void {
    this.#isWoken = true;
    process.nextTick(() => {
      this.#isWoken = false;
      this.#pump();
    });
  }

  #makeAhead(): void {
    while (this.#broker && this.#made.length < MADE_AHEAD) {
      const publication = this.#next();
      if (!publication) return;
      this.#made.push(publication);
    }
  }

  get #hasRoom(): boolean {
    const most = Math.min(MAX_UNACKNOWLEDGED, this.#limits.receiveMaximum);
    return this.#unacknowledged < most && this.#unacknowledgedBytes < MAX_UNACKNOWLEDGED_BYTES;
  }

  /** The lanes take turns, so that none waits for the others to be empty. */
  #next(): LanePublication | undefined {
    const { lanes } = this.#options;
    for (let tried = 0; tried < lanes.length; tried++) {
      const publication = lanes[this.#turn++ % lanes.length]?.next();
      if (publication) return publication;
    }
    return undefined;
  }

  #publish(broker: BrokerConnection, publication: LanePublication): void {
    const bytes = Buffer.byteLength(publication.payload) + publication.topic.length + PACKET_OVERHEAD;
    if (bytes > this.#limits.maximumPacketSize) {
      const refusal = `larger than the broker takes: ${bytes} bytes`;
      this.counts.add('tooLarge');
      this.#options.onRefused(publication, refusal);
      publication.onDone?.(refusal);
      return;
    }
    if (this.#unacknowledged === 0) this.#lastProgressAt = this.#options.clock.monotonic();
    this.#unacknowledged++;
    this.#unacknowledgedBytes += bytes;
    this.counts.add('published');
    broker.publish(publication, (refusal) => {
      if (broker === this.#broker) this.#onAcknowledged(publication, bytes, refusal);
    });
  }

  #onAcknowledged(publication: LanePublication, bytes: number, refusal: string | undefined): void {
    this.#unacknowledged--;
    this.#unacknowledgedBytes -= bytes;
    this.#lastProgressAt = this.#options.clock.monotonic();
    this.counts.add(refusal === undefined ? 'acknowledged' : 'refused');
    if (refusal !== undefined) this.#options.onRefused(publication, refusal);
    publication.onDone?.(refusal);
    this.wake();
  }

  #tick(): void {
    const waited = this.#options.clock.monotonic() - this.#lastProgressAt;
    if (this.#unacknowledged > 0 && waited >= ACK_TIMEOUT_MS) this.#options.onStalled();
  }
}
