/**
 * Removes retained topics that an earlier run left, of nodes and alarms that do not exist any more. They are read
 * once, at the first connection. Alarms that are not open are removed at once; devices only after 10 minutes in which no
 * source added them; nodes only after 10 minutes, with the link up, in which they were neither listed nor heard.
 */

import type { Value } from '../../api/shapes.js';
import type { CancelTimer, Clock } from '../../base/clock.js';
import type { Hub } from '../../hub/hub.js';
import type { BrokerConnection, Incoming } from '../../mqtt/broker.js';
import type { Subject, Topics } from '../../mqtt/topics.js';
import { isUnicast } from '../../protocol/address.js';
import { findSubject, type PictureLane } from './picture-lane.js';

/** Time for the broker to deliver all retained messages. */
const READING_MS = 10_000;
/** Time for the root to list its nodes, and for nodes to be heard. */
const PATIENCE_MS = 600_000;
/** Longer payloads were not published by a gateway. */
const MAX_PAYLOAD = 262_144;

export interface LeftoversOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly topics: Topics;
  readonly picture: PictureLane;
  /** Called when the picture lane has new publications. */
  readonly wake: () => void;
}

export class Leftovers {
  readonly #options: LeftoversOptions;
  readonly #filters: readonly string[];
  /** Nodes and devices of an earlier run that this run did not know when their topics were read. */
  readonly #unknown = new Set<Subject>();
  #hasRead = false;
  #cancelReading: CancelTimer = () => {};
  #cancelReview: CancelTimer = () => {};

  constructor(options: LeftoversOptions) {
    this.#options = options;
    const { base } = options.topics;
    this.#filters = [`${base}/node/+`, `${base}/device/+`, `${base}/alarm/+`];
  }

  /** Reads the retained topics, once. */
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

  /** True for topics of nodes, devices and alarms, including this run's own publications. */
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

  #takeNode(topic: string, { address, device, values, images }: Left): void {
    const { picture, topics, hub } = this.#options;
    const isOfNode = typeof address === 'number' && isUnicast(address);
    const subject = typeof device === 'string' ? device : isOfNode ? address : undefined;
    if (subject === undefined || topics.node(subject) !== topic) return;
    picture.recallNode(subject, Array.isArray(values) ? values.filter(isValue) : []);
    if (typeof subject === 'string') this.#takeImages(subject, images);
    if (!findSubject(subject, hub)) this.#unknown.add(subject);
    else if (images !== undefined) picture.reviewNode(subject);
  }

  #takeImages(device: string, images: unknown): void {
    for (const { type } of Array.isArray(images) ? images.filter(isObject) : [])
      if (typeof type === 'string') this.#options.picture.recallImage(device, type);
  }

  #reviewLater(): void {
    if (this.#unknown.size > 0)
      this.#cancelReview = this.#options.clock.after(PATIENCE_MS, () => this.#review());
  }

  #review(): void {
    const { hub, picture, wake } = this.#options;
    const isUp = hub.picture.link().state === 'up';
    for (const subject of this.#unknown) {
      if (typeof subject === 'number' && !isUp) continue;
      picture.reviewNode(subject);
      this.#unknown.delete(subject);
    }
    this.#reviewLater();
    wake();
  }
}

type Left = Readonly<Record<string, unknown>>;

function readObject(payload: Buffer): Left | undefined {
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Checks only the fields from which its topics are derived. */
function isValue(value: unknown): value is Pick<Value, 'type' | 'fields'> {
  if (!isObject(value)) return false;
  const { type, fields } = value;
  return typeof type === 'string' && typeof fields === 'object' && fields !== null;
}

function isObject(value: unknown): value is Left {
  return typeof value === 'object' && value !== null;
}
