/** The retained topics of a node or device: its object, one plain topic per field, its position. */

import { describeNode } from '../../api/describe.js';
import type { Value } from '../../api/shapes.js';
import type { NodeView } from '../../hub/hub.js';
import type { Publication } from '../../mqtt/broker.js';
import { fieldLevel, imageLevel, type Subject, type Topics } from '../../mqtt/topics.js';
import { newestPosition } from '../../protocol/position.js';

/** Fields of one node that get a topic: JSON reports could bring new fields without end. */
const MAX_FIELDS = 64;

export type NodeObject = Omit<ReturnType<typeof describeNode>, 'values'> & {
  readonly values: readonly Value[];
};

/** The node as the session describes it, but without ages: a retained age would become wrong. */
export function nodeObject(node: NodeView, now: number): NodeObject {
  const { values, ...described } = describeNode(node, now);
  return { ...described, values: values.map(({ ageMs: _, ...value }) => value) };
}

/** A field as published in its topic. */
export interface PlainField {
  readonly level: string;
  readonly type: string;
  readonly name: string;
  readonly value: number | string;
  readonly unit: string | undefined;
  readonly receivedAt: number;
}

export function plainFields(values: readonly Value[]): PlainField[] {
  return values.flatMap(({ type, fields, receivedAt }) =>
    Object.entries(fields).map(([name, { value, unit }]) => {
      return { level: fieldLevel(type, name), type, name, value, unit, receivedAt };
    }),
  );
}

/** The newest position among a node's values, in degrees. */
export function positionOf(
  values: readonly Value[],
): { latitude: number; longitude: number; at: number } | undefined {
  const newest = newestPosition(values);
  if (!newest) return undefined;
  const { position, receivedAt } = newest;
  return { latitude: position.lat, longitude: position.lon, at: receivedAt };
}

/** Remembers the retained topics of each node and device, so that they can be removed with it. */
export class NodeTopics {
  readonly #topics: Topics;
  readonly #levels = new Map<Subject, Set<string>>();
  /** Topics of images, relative to their device's. */
  readonly #images = new Map<string, Set<string>>();
  /** As published, by device. */
  readonly #availability = new Map<string, string>();
  #fieldsLeftOut = 0;

  constructor(topics: Topics) {
    this.#topics = topics;
  }

  /** Fields without their own topic, because their node has too many. */
  get fieldsLeftOut(): number {
    return this.#fieldsLeftOut;
  }

  /** `types`: names of the data types that changed; undefined = all. */
  publications(
    node: NodeObject,
    codes: readonly string[],
    now: number,
    seq: number,
    types: ReadonlySet<string> | undefined,
  ): Publication[] {
    const { values } = node;
    const subject = node.device ?? node.address;
    this.#levelsOf(subject);
    const payload = JSON.stringify({ at: now, seq, ...node, alarms: codes });
    const changed = types ? values.filter(({ type }) => types.has(type)) : values;
    return [
      { topic: this.#topics.node(subject), payload, retain: true },
      ...plainFields(changed)
        .filter(({ level }) => this.#remember(subject, level))
        .map(this.#fieldPublication(subject)),
      ...this.#positionPublications(subject, values, changed),
    ];
  }

  /** Adds topics that an earlier run retained. */
  recall(subject: Subject, values: readonly Pick<Value, 'type' | 'fields'>[]): void {
    this.#levelsOf(subject);
    for (const { type, fields } of values) {
      for (const name of Object.keys(fields)) this.#remember(subject, fieldLevel(type, name));
    }
  }

  /** Published again if `isReachable` differs from what was published last, or `isNew`. */
  availabilityOf(device: string, isReachable: boolean, isNew: boolean): Publication[] {
    const payload = isReachable ? 'online' : 'offline';
    if (!isNew && this.#availability.get(device) === payload) return [];
    this.#availability.set(device, payload);
    return [{ topic: this.#topics.availability(device), payload, retain: true }];
  }

  /** An image of this type has a topic, or had one in an earlier run. */
  rememberImage(device: string, type: string): void {
    const levels = this.#images.get(device) ?? new Set();
    if (levels.size < MAX_FIELDS) this.#images.set(device, levels.add(imageLevel(type)));
  }

  /** Empties the topics of a device's images. */
  removeImages(device: string): Publication[] {
    const levels = [...(this.#images.get(device) ?? [])];
    this.#images.delete(device);
    return levels.map((level) => emptied(this.#topics.field(device, level)));
  }

  /** Nodes and devices that have retained topics. */
  subjects(): Iterable<Subject> {
    return this.#levels.keys();
  }

  knows(subject: Subject): boolean {
    return this.#levels.has(subject);
  }

  /** Called when the topics of a removed node are empty. */
  forget(subject: Subject): void {
    this.#levels.delete(subject);
    if (typeof subject === 'string') this.#availability.delete(subject);
  }

  /** Empties every topic of a node that does not exist any more. */
  remove(subject: Subject): Publication[] {
    const levels = [...this.#levelsOf(subject)];
    const topics = levels.map((level) => this.#topics.field(subject, level));
    const images = typeof subject === 'string' ? this.removeImages(subject) : [];
    const availability = typeof subject === 'string' ? [this.#topics.availability(subject)] : [];
    const others = [...topics, ...availability, this.#topics.position(subject), this.#topics.node(subject)];
    return [...images, ...others.map(emptied)];
  }

  #fieldPublication(subject: Subject): (field: PlainField) => Publication {
    return ({ level, value, receivedAt }) => {
      return {
        topic: this.#topics.field(subject, level),
        payload: String(value),
        retain: true,
        at: receivedAt,
      };
    };
  }

  #positionPublications(
    subject: Subject,
    values: readonly Value[],
    changed: readonly Value[],
  ): Publication[] {
    const position = positionOf(changed) && positionOf(values);
    if (!position) return [];
    return [{ topic: this.#topics.position(subject), payload: JSON.stringify(position), retain: true }];
  }

  #remember(subject: Subject, level: string): boolean {
    const levels = this.#levelsOf(subject);
    if (levels.has(level)) return true;
    if (levels.size === MAX_FIELDS) {
      this.#fieldsLeftOut++;
      return false;
    }
    levels.add(level);
    return true;
  }

  #levelsOf(subject: Subject): Set<string> {
    const levels = this.#levels.get(subject) ?? new Set();
    this.#levels.set(subject, levels);
    return levels;
  }
}

/** Removes the retained message of a topic. */
export function emptied(topic: string): Publication {
  return { topic, payload: '', retain: true };
}
