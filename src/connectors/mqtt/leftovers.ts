/**
 * What an earlier run of this gateway left retained: topics of nodes and alarms that are no more. They are read once,
 * at the first connection. An alarm that is not open now is removed at once; a node only when the link has been there
 * for a while and the root has not named it.
 */

import type { Value } from '../../api/shapes.js';
import type { CancelTimer, Clock } from '../../base/clock.js';
import type { Hub } from '../../hub/hub.js';
import type { BrokerConnection, Incoming } from '../../mqtt/broker.js';
import type { Subject, Topics } from '../../mqtt/topics.js';
import { isUnicast } from '../../protocol/address.js';
import { findSubject, type PictureLane } from './picture-lane.js';

/** For the broker to deliver all that is retained. */
const READING_MS = 10_000;
/** For the root to list its nodes, and for nodes to be heard. */
const PATIENCE_MS = 600_000;
/** Longer ones are not ours. */
const MAX_PAYLOAD = 262_144;

export interface LeftoversOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly topics: Topics;
  readonly picture: PictureLane;
  /** The picture has news. */
  readonly wake: () => void;
}

export class Leftovers {
  readonly #options: LeftoversOptions;
  readonly #filters: readonly string[];
  /** Nodes and devices of an earlier run that were not known when they were read. */
  readonly #unknown = new Set<Subject>();
  #hasRead = false;
  #cancelReading: CancelTimer = () => {};
  #cancelReview: CancelTimer = () => {};

  constructor(options: LeftoversOptions) {
    this.#options = options;
    const { base } = options.topics;
    this.#filters = [`${base}/node/+`, `${base}/device/+`, `${base}/alarm/+`];
  }

  /** Reads what is retained, once. */
  onConnected(broker: BrokerConnection): void {
    if (this.#hasRead) return;
    const { clock } = this.#options;
    broker.subscribe(this.#filters, () => {});
    this.#cancelReading = clock.after(READING_MS, () => {
      this.#hasRead = true;
      broker.unsubscribe(this.#filters);
      this.#reviewLater();
    });
  }

  onDisconnected(): void {
    this.#cancelReading();
  }

  /** True when it is one of these, or an echo of what this run has published. */
  take({ topic, payload, retain }: Incoming): boolean {
    const { base } = this.#options.topics;
    const isNode = topic.startsWith(`${base}/node/`) || topic.startsWith(`${base}/device/`);
    if (!isNode && !topic.startsWith(`${base}/alarm/`)) return false;
    const left = retain && payload.length <= MAX_PAYLOAD ? readObject(payload) : undefined;
    if (left && isNode) this.#takeNode(topic, left);
    else if (left) this.#takeAlarm(topic, left);
    this.#options.wake();
    return true;
  }

  stop(): void {
    this.#cancelReading();
    this.#cancelReview();
  }

  #takeAlarm(topic: string, { id }: Left): void {
    const { picture, topics } = this.#options;
    if (typeof id === 'string' && topics.alarm(id) === topic) picture.recallAlarm(id);
  }

  #takeNode(topic: string, { address, device, values }: Left): void {
    const { picture, topics, hub } = this.#options;
    const isOfNode = typeof address === 'number' && isUnicast(address);
    const subject = typeof device === 'string' ? device : isOfNode ? address : undefined;
    if (subject === undefined || topics.node(subject) !== topic) return;
    picture.recallNode(subject, Array.isArray(values) ? values.filter(isValue) : []);
    if (!findSubject(subject, hub)) this.#unknown.add(subject);
  }

  #reviewLater(): void {
    if (this.#unknown.size > 0)
      this.#cancelReview = this.#options.clock.after(PATIENCE_MS, () => this.#review());
  }

  #review(): void {
    const { hub, picture, wake } = this.#options;
    if (hub.picture.link().state !== 'up') {
      this.#reviewLater();
      return;
    }
    for (const subject of this.#unknown) picture.reviewNode(subject);
    this.#unknown.clear();
    wake();
  }
}

type Left = Readonly<Record<string, unknown>>;

function readObject(payload: Buffer): Left | undefined {
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? (parsed as Left) : undefined;
  } catch {
    return undefined;
  }
}

/** As much of a value as tells its topics. */
function isValue(value: unknown): value is Pick<Value, 'type' | 'fields'> {
  if (typeof value !== 'object' || value === null) return false;
  const { type, fields } = value as Left;
  return typeof type === 'string' && typeof fields === 'object' && fields !== null;
}
