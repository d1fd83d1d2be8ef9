/**
 * Feeds dashboards of the classic kind: the present state at once, then what changes, and every few seconds all of it
 * again, for a page that was not ready when it came.
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

/** `v1`: several kinds of message; `v2`: one that holds the whole picture. */
export type MonitorGeneration = 'v1' | 'v2';

export interface MonitorOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly generation: MonitorGeneration;
  /** True while a listening client of the classic dialect is connected. */
  readonly isListenerThere: () => boolean;
}

/** A state as it was sent last, made once for all dashboards. */
interface SentState {
  readonly text: Buffer;
  /** By the clock that is never set. */
  readonly sentAt: number;
}

/** Changes are sent at most this often: people look at them. */
const UPDATE_EVERY_MS = 250;
/** A state that does not change is sent again after this time. */
const REPEAT_EVERY_MS = 3000;
/** With thousands of nodes and hundreds of pages, updates take no more than one part in so many of the process's time. */
const COST_SHARE = 10;
/** Lines of the traffic log that a dashboard gets when it connects. */
const LINES_KEPT = 50;

export class Monitor {
  readonly #options: MonitorOptions;
  readonly #feeds = new Set<MonitorFeed>();
  readonly #lines: Buffer[] = [];
  readonly #unsubscribe: () => void;
  #states = new Map<string, SentState>();
  /** Something has happened since the states were made. */
  #isStale = true;
  #wasListenerThere = false;
  #cancel: CancelTimer = () => {};

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#unsubscribe = options.hub.feed.subscribe((event) => this.#onEvent(event));
  }

  /** Sends the present state, then every change; what the client misses goes into its tally. Returns how to end that. */
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

  /** States are made only while somebody looks. */
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

  /** Those of before where nothing has happened. */
  #makeStates(): [string, Buffer][] {
    const isListenerThere = this.#options.isListenerThere();
    if (!this.#isStale && isListenerThere === this.#wasListenerThere) {
      return [...this.#states].map(([kind, { text }]) => [kind, text]);
    }
    this.#isStale = false;
    this.#wasListenerThere = isListenerThere;
    return Object.entries(this.#describe(isListenerThere)).map(([kind, state]) => [kind, encode(state)]);
  }

  #describe(isListenerThere: boolean): Readonly<Record<string, object>> {
    const { hub, generation } = this.#options;
    if (generation === 'v2') return { picture: meshPicture(hub) };
    return {
      nodes: nodeStatus(hub),
      connection: connectionStatus(hub, isListenerThere),
      robots: robotStatus(hub),
    };
  }
}

function encode(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}
