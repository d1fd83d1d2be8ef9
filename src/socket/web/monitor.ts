/**
 * Feeds classic dashboards: first the current state, then changes, and every few seconds the state again, for pages that
 * were not ready the first time.
 */

import type { ClientTally } from '../../api/client-tally.js';
import type { CancelTimer, Clock } from '../../base/clock.js';
import type { Hub, HubEvent } from '../../hub/hub.js';
import { MonitorFeed, type SendMessage } from './monitor-feed.js';
import {
  connectionStatus,
  meshPicture,
  nodeStatus,
  robotStatus,
  trafficLine,
  trafficLog,
} from './monitor-messages.js';

/** `v1`: several kinds of messages; `v2`: one message with the complete picture. */
export type MonitorGeneration = 'v1' | 'v2';

export interface MonitorOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly generation: MonitorGeneration;
  /** True while a listening client of the classic dialect is connected. */
  readonly hasListener: () => boolean;
}

/** The last version of a state that was sent, shared by all dashboards. */
interface SentState {
  readonly text: Buffer;
  /** Monotonic ms. */
  readonly sentAt: number;
}

/** Minimum interval between updates, which are for people. */
const UPDATE_EVERY_MS = 250;
/** An unchanged state is repeated after this time. */
const REPEAT_EVERY_MS = 3000;
/** Updates take at most 1/COST_SHARE of the process's time, even with thousands of nodes and hundreds of pages. */
const COST_SHARE = 10;
/** Lines of the traffic log that a new dashboard receives. */
const LINES_KEPT = 50;

export class Monitor {
  readonly #options: MonitorOptions;
  readonly #feeds = new Set<MonitorFeed>();
  readonly #lines: Buffer[] = [];
  readonly #unsubscribe: () => void;
  #states = new Map<string, SentState>();
  /** An event has occurred since the states were built. */
  #isStale = true;
  #hadListener = false;
  #cancel: CancelTimer = () => {};

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#unsubscribe = options.hub.feed.subscribe((event) => this.#onEvent(event));
  }

  /** Sends the current state, then changes; counts what the client misses in its tally. Returns a function that ends this. */
  add(send: SendMessage, tally: ClientTally): () => void {
    const feed = new MonitorFeed(this.#options.clock, send, tally);
    if (this.#feeds.size === 0) this.#begin();
    this.#feeds.add(feed);
    for (const [kind, { text }] of this.#states) feed.setState(kind, text);
    for (const line of this.#lines) feed.addLine(line);
    return () => this.#remove(feed);
  }

  stop(): void {
    this.#unsubscribe();
    this.#cancel();
    for (const feed of this.#feeds) feed.close();
    this.#feeds.clear();
  }

  /** States are built only while dashboards are connected. */
  #begin(): void {
    this.#states = new Map();
    this.#isStale = true;
    this.#update();
  }

  #remove(feed: MonitorFeed): void {
    feed.close();
    this.#feeds.delete(feed);
    if (this.#feeds.size === 0) this.#cancel();
  }

  #onEvent(event: HubEvent): void {
    if (event.kind !== 'traffic' && event.kind !== 'console') this.#isStale = true;
    if (this.#options.generation !== 'v1') return;
    const line = trafficLine(event);
    if (line === undefined) return;
    const text = encode(trafficLog(line));
    if (this.#lines.length === LINES_KEPT) this.#lines.shift();
    this.#lines.push(text);
    for (const feed of this.#feeds) feed.addLine(text);
  }

  #update(): void {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    for (const [kind, text] of this.#makeStates()) this.#send(kind, text, startedAt);
    const cost = clock.monotonic() - startedAt;
    this.#cancel = clock.after(Math.max(UPDATE_EVERY_MS, cost * COST_SHARE), () => this.#update());
  }

  #send(kind: string, made: Buffer, now: number): void {
    const sent = this.#states.get(kind);
    const isKnown = sent?.text.equals(made);
    if (sent && isKnown && now - sent.sentAt < REPEAT_EVERY_MS) return;
    const text = sent && isKnown ? sent.text : made;
    this.#states.set(kind, { text, sentAt: now });
    for (const feed of this.#feeds) feed.setState(kind, text);
  }

  /** Returns the previous states if nothing has changed. */
  #makeStates(): [string, Buffer][] {
    const hasListener = this.#options.hasListener();
    if (!this.#isStale && hasListener === this.#hadListener) {
      return [...this.#states].map(([kind, { text }]) => [kind, text]);
    }
    this.#isStale = false;
    this.#hadListener = hasListener;
    return Object.entries(this.#describe(hasListener)).map(([kind, state]) => [kind, encode(state)]);
  }

  #describe(hasListener: boolean): Readonly<Record<string, object>> {
    const { hub, generation } = this.#options;
    if (generation === 'v2') return { picture: meshPicture(hub) };
    return {
      nodes: nodeStatus(hub),
      connection: connectionStatus(hub, hasListener),
      robots: robotStatus(hub),
    };
  }
}

function encode(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}
