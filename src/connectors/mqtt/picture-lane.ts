/**
 * The picture as retained topics. Changes are only marked; the payload is built when the broker can take it, so a slow
 * broker gets the latest state and skips those in between.
 */

import { readCounters } from '../../api/counters.js';
import { describeAlarm, describeLink, describeRoot } from '../../api/describe.js';
import type { GatewayFacts } from '../../api/method.js';
import type { Alarm } from '../../hub/alarms.js';
import type { DeviceView, Hub, HubEvent, NodeView } from '../../hub/hub.js';
import type { Subject, Topics } from '../../mqtt/topics.js';
import { concerns, deviceFacts, type ImageSettings, isReachable, publishedImages } from './device-object.js';
import type { Discovery } from './discovery.js';
import { emptied, type NodeObject, NodeTopics, nodeObject } from './node-topics.js';
import type { Lane, LanePublication } from './outbox.js';

export interface PictureLaneOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly topics: Topics;
  readonly now: () => number;
  /** Home Assistant's discovery, if configured. */
  readonly discovery: Discovery | undefined;
  readonly images: ImageSettings;
}

/** Topics that are always published complete; `discovery`: the gateway as a device. */
type Part = 'discovery' | 'link' | 'alarms' | 'paths' | 'robots' | 'counters';

/** Alarms of earlier runs: more than a gateway ever has open. */
const MAX_RETAINED_ALARMS = 2000;
const PARTS: readonly Part[] = ['discovery', 'link', 'alarms', 'paths', 'robots', 'counters'];

export class PictureLane implements Lane {
  readonly #options: PictureLaneOptions;
  readonly #nodeTopics: NodeTopics;
  readonly #changedParts = new Set<Part>();
  /** Alarms whose topics are out of date. */
  readonly #changedAlarms = new Set<string>();
  readonly #retainedAlarms = new Set<string>();
  /** Nodes and devices whose topics are out of date, and the data types that changed; undefined = all. */
  readonly #changedNodes = new Map<Subject, Set<string> | undefined>();
  #openAlarms: ReadonlyMap<string, Alarm> | undefined;
  /** Publications of the change that was taken last, in reverse order. */
  #ready: LanePublication[] = [];
  #wasUp: boolean;

  constructor(options: PictureLaneOptions) {
    this.#options = options;
    this.#nodeTopics = new NodeTopics(options.topics);
    this.#wasUp = options.hub.picture.link().state === 'up';
    this.restart();
  }

  counters() {
    return { changedNodes: this.#changedNodes.size, fieldsLeftOut: this.#nodeTopics.fieldsLeftOut };
  }

  next(): LanePublication | undefined {
    while (this.#ready.length === 0 && this.#hasChanges) this.#ready = this.#takeOldest().reverse();
    return this.#ready.pop();
  }

  /** The broker may have lost everything: all topics are published again. */
  restart(): void {
    const { hub, discovery } = this.#options;
    this.#ready = [];
    this.#openAlarms = undefined;
    discovery?.restart();
    for (const part of PARTS) this.#changedParts.add(part);
    for (const id of [...this.#retainedAlarms, ...this.#alarms().keys()]) this.#changedAlarms.add(id);
    for (const subject of this.#nodeTopics.subjects()) this.#changedNodes.set(subject, undefined);
    for (const { address } of hub.picture.nodes()) this.#changedNodes.set(address, undefined);
    for (const { id } of hub.picture.devices()) this.#changedNodes.set(id, undefined);
  }

  onEvent(event: HubEvent): void {
    if (event.kind === 'message') this.#markNode(event.message.from);
    else if (event.kind === 'value') this.#markNode(event.device ?? event.node, event.type.name);
    else if (event.kind === 'node') this.#markNode(event.device ?? event.node);
    else if (event.kind === 'alarm') this.#onAlarm(event.alarm);
    else if (event.kind === 'link') this.#onLink(event.status.state === 'up');
    else if (event.kind === 'paths' || event.kind === 'robots') this.#changedParts.add(event.kind);
  }

  /** Counters, and the time when the root was last heard, are published periodically. */
  onPeriod(): void {
    this.#changedParts.add('counters').add('link');
  }

  /** An image of a device is published: its object lists it. */
  onImage(device: string, type: string): void {
    this.#nodeTopics.rememberImage(device, type);
    this.#markNode(device);
  }

  /** An earlier run retained an image there. */
  recallImage(device: string, type: string): void {
    this.#nodeTopics.rememberImage(device, type);
  }

  /** Adds what an earlier run retained for a node or device, which may be unknown to this run. */
  recallNode(subject: Subject, values: Parameters<NodeTopics['recall']>[1]): void {
    this.#nodeTopics.recall(subject, values);
  }

  recallAlarm(id: string): void {
    if (this.#retainedAlarms.size >= MAX_RETAINED_ALARMS) return;
    this.#retainedAlarms.add(id);
    this.#changedAlarms.add(id);
  }

  /** Removes the topics of a node or device, unless it is known. */
  reviewNode(subject: Subject): void {
    this.#markNode(subject);
  }

  #markNode(subject: Subject, type?: string): void {
    if (!this.#changedNodes.has(subject)) this.#changedNodes.set(subject, new Set());
    if (type !== undefined) this.#changedNodes.get(subject)?.add(type);
  }

  #onAlarm({ id, node, device, source }: Alarm): void {
    this.#openAlarms = undefined;
    this.#changedAlarms.add(id);
    this.#changedParts.add('alarms');
    if (device !== undefined) this.#markNode(device);
    else if (node !== undefined) this.#markNode(node);
    if (source !== undefined) this.#markDevicesOf(source);
  }

  #markDevicesOf(source: string): void {
    for (const device of this.#options.hub.picture.devices())
      if (device.source === source) this.#markNode(device.id);
  }

  /** Without a link every node's status is `unknown`; there are no events of their own for that. */
  #onLink(isUp: boolean): void {
    this.#changedParts.add('link');
    if (isUp === this.#wasUp) return;
    this.#wasUp = isUp;
    for (const { address } of this.#options.hub.picture.nodes()) this.#markNode(address);
  }

  get #hasChanges(): boolean {
    return this.#changedParts.size + this.#changedAlarms.size + this.#changedNodes.size > 0;
  }

  /** The publications of the oldest change; may be empty. */
  #takeOldest(): LanePublication[] {
    const part = takeFirst(this.#changedParts);
    if (part !== undefined) return this.#publishPart(part);
    const id = takeFirst(this.#changedAlarms);
    if (id !== undefined) return [this.#publishAlarm(id)];
    for (const [subject, types] of this.#changedNodes) {
      this.#changedNodes.delete(subject);
      return this.#publishNode(subject, types);
    }
    return [];
  }

  #publishPart(part: Part): LanePublication[] {
    const { topics, discovery } = this.#options;
    if (part === 'discovery') return discovery ? [discovery.announceGateway()] : [];
    return [{ topic: topics[part], payload: this.#payload(this.#describe(part)), retain: true }];
  }

  #describe(part: Exclude<Part, 'discovery'>): object {
    const { hub, gateway } = this.#options;
    switch (part) {
      case 'link':
        return { link: describeLink(hub.picture.link()), root: describeRoot(hub.picture.root()) };
      case 'alarms':
        return this.#summarizeAlarms();
      case 'paths':
        return { paths: hub.picture.paths() };
      case 'robots':
        return { robots: hub.picture.robots() };
      case 'counters':
        return { counters: readCounters(hub, gateway) };
    }
  }

  #summarizeAlarms(): object {
    const codes: Record<string, number> = {};
    let unacknowledged = 0;
    for (const { code, acknowledged } of this.#alarms().values()) {
      codes[code] = (codes[code] ?? 0) + 1;
      if (!acknowledged) unacknowledged++;
    }
    return { open: this.#alarms().size, unacknowledged, codes };
  }

  #publishAlarm(id: string): LanePublication {
    const topic = this.#options.topics.alarm(id);
    const alarm = this.#alarms().get(id);
    if (!alarm) return { ...emptied(topic), onDone: () => this.#onAlarmRemoved(id) };
    this.#retainedAlarms.add(id);
    return { topic, payload: this.#payload(describeAlarm(alarm)), retain: true };
  }

  #onAlarmRemoved(id: string): void {
    if (!this.#alarms().has(id)) this.#retainedAlarms.delete(id);
  }

  #publishNode(subject: Subject, types: ReadonlySet<string> | undefined): LanePublication[] {
    const { hub, now, discovery } = this.#options;
    if (typeof subject === 'string') return this.#publishDevice(subject, types);
    const node = findNode(subject, hub);
    if (!node) return this.#removeNode(subject);
    const described = nodeObject(node, now());
    const codes = [...this.#alarms().values()].filter((alarm) => alarm.node === subject);
    const publications = this.#publicationsOf(subject, described, codes, types);
    const discovered = discovery?.announceNode(described);
    return discovered ? [...publications, discovered] : publications;
  }

  #publishDevice(id: string, types: ReadonlySet<string> | undefined): LanePublication[] {
    const { hub, now, discovery, images } = this.#options;
    const view = findDevice(id, hub);
    if (!view) return this.#removeNode(id);
    const alarms = [...this.#alarms().values()].filter((alarm) => concerns(alarm, view));
    const described = { ...nodeObject(view, now()), ...deviceFacts(view, alarms, images) };
    const isNew = types === undefined || !this.#nodeTopics.knows(id);
    const publications = [
      ...this.#publicationsOf(id, described, alarms, types),
      ...this.#nodeTopics.availabilityOf(id, isReachable(view), isNew),
      ...(images.everyMs > 0 ? [] : this.#nodeTopics.removeImages(id)),
    ];
    const discovered = discovery?.announceDevice(view, described, publishedImages(view, images));
    return discovered ? [...publications, discovered] : publications;
  }

  #publicationsOf(
    subject: Subject,
    described: NodeObject,
    alarms: readonly Alarm[],
    types: ReadonlySet<string> | undefined,
  ): LanePublication[] {
    const { hub, now } = this.#options;
    const codes = alarms.map(({ code }) => code);
    const changed = this.#nodeTopics.knows(subject) ? types : undefined;
    return this.#nodeTopics.publications(described, codes, now(), hub.feed.lastSeq(), changed);
  }

  #removeNode(subject: Subject): LanePublication[] {
    if (!this.#nodeTopics.knows(subject)) return [];
    const { discovery } = this.#options;
    const publications: LanePublication[] = this.#nodeTopics.remove(subject);
    if (discovery) publications.push(discovery.remove(subject));
    const onDone = () => {
      if (!findSubject(subject, this.#options.hub)) this.#nodeTopics.forget(subject);
    };
    return publications.map((publication, index) =>
      index === publications.length - 1 ? { ...publication, onDone } : publication,
    );
  }

  #alarms(): ReadonlyMap<string, Alarm> {
    this.#openAlarms ??= new Map(this.#options.hub.alarms.open().map((alarm) => [alarm.id, alarm]));
    return this.#openAlarms;
  }

  #payload(content: object): string {
    const { now, hub } = this.#options;
    return JSON.stringify({ at: now(), seq: hub.feed.lastSeq(), ...content });
  }
}

/** The node or device; undefined if unknown. */
export function findSubject(subject: Subject, hub: Hub): NodeView | undefined {
  return typeof subject === 'number' ? findNode(subject, hub) : findDevice(subject, hub);
}

function findNode(address: number, { picture }: Hub): NodeView | undefined {
  return picture.findNode(address);
}

/** By its exact id: another spelling, or a node of this name, has other topics. */
function findDevice(id: string, { picture }: Hub): DeviceView | undefined {
  const address = picture.addressOf(id);
  const device = address === undefined ? undefined : picture.findDevice(address);
  return device?.id === id ? device : undefined;
}

function takeFirst<Item>(items: Set<Item>): Item | undefined {
  for (const item of items) {
    items.delete(item);
    return item;
  }
  return undefined;
}
