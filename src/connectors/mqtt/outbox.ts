/**
 * Sends publications to the broker. There is no queue: while the broker takes more, the next publication is pulled from
 * each lane in turn; what waits is held by the lanes (the hub's ring, the picture, a few answers).
 */
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import type { BrokerConnection, BrokerLimits, Publication } from '../../mqtt/broker.js';

/** A source of publications. */
export interface Lane {
  /** The next one, if any. */
  next(): LanePublication | undefined;
  /** Called when the connection is lost: unacknowledged publications count as not sent. */
  restart(): void;
}

export interface LanePublication extends Publication {
  /** Called when the broker has it or, with `refusal`, will never take it. */
  readonly onDone?: (refusal?: string) => void;
}

/** Unacknowledged publications, unless the broker's limit is lower. */
const MAX_UNACKNOWLEDGED = 256;
/** Bytes; beyond this the network is the bottleneck. */
const MAX_UNACKNOWLEDGED_BYTES = 1_048_576;
/** Publications per write. */
const BATCH_SIZE = 8;
/** Publications prepared while the broker works on others, so that neither waits for the other. */
const PREFETCH = 16;
const ACK_TIMEOUT_MS = 30_000;
const CHECK_EVERY_MS = 5000;
/** Maximum bytes of a packet besides topic and payload. */
const PACKET_OVERHEAD = 512;

export interface OutboxOptions {
  readonly clock: Clock;
  readonly lanes: readonly Lane[];
  /** The broker has stopped acknowledging. */
  readonly onStalled: () => void;
  /** The broker rejected a publication, or it is larger than the broker allows. */
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
  #prefetched: LanePublication[] = [];
  #isWoken = false;
  #cancelCheck: CancelTimer = () => {};

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Publications that the broker has not acknowledged yet. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** Called when connected. */
  open(broker: BrokerConnection, limits: BrokerLimits): void {
    this.#broker = broker;
    this.#limits = limits;
    this.#cancelCheck = every(this.#options.clock, CHECK_EVERY_MS, () => this.#tick());
    this.wake();
  }

  /** Called when the connection has ended. */
  close(): void {
    if (!this.#broker) return;
    this.#broker = undefined;
    this.#unacknowledged = 0;
    this.#unacknowledgedBytes = 0;
    this.#cancelCheck();
    this.#prefetched = [];
    for (const lane of this.#options.lanes) lane.restart();
  }

  /** A lane may have publications. Calls within one turn of the event loop are combined. */
  wake(): void {
    if (this.#isWoken || !this.#broker) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      this.#pump();
    });
  }

  /** Writes a batch before preparing more, so that the broker can work on it meanwhile. */
  #pump(): void {
    for (let published = 0; this.#broker && this.#hasRoom; published++) {
      if (published === BATCH_SIZE) {
        this.#pumpLater();
        return;
      }
      const publication = this.#prefetched.shift() ?? this.#next();
      if (!publication) return;
      this.#publish(this.#broker, publication);
    }
    process.nextTick(() => this.#prefetch());
  }

  #pumpLater(): void {
    this.#isWoken = true;
    process.nextTick(() => {
      this.#isWoken = false;
      this.#pump();
    });
  }

  #prefetch(): void {
    while (this.#broker && this.#prefetched.length < PREFETCH) {
      const publication = this.#next();
      if (!publication) return;
      this.#prefetched.push(publication);
    }
  }

  get #hasRoom(): boolean {
    const limit = Math.min(MAX_UNACKNOWLEDGED, this.#limits.receiveMaximum);
    return this.#unacknowledged < limit && this.#unacknowledgedBytes < MAX_UNACKNOWLEDGED_BYTES;
  }

  /** Round robin, so that no lane has to wait until the others are empty. */
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
      const refusal = `${bytes} bytes, larger than the broker allows`;
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
