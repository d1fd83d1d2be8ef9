/** What of a node or device is retained: its object, one plain topic a field, its position. */

import { describeNode } from '../../api/describe.js';
import type { Value } from '../../api/shapes.js';
import type { NodeView } from '../../hub/hub.js';
import type { Publication } from '../../mqtt/broker.js';
import { fieldLevel, type Subject, type Topics } from '../../mqtt/topics.js';
import { newestPosition } from '../../protocol/position.js';

/** Fields of one node that get a topic: a report in JSON could have ever new ones. */
const MAX_FIELDS = 64;

export type NodeObject = Omit<ReturnType<typeof describeNode>, 'values'> & {
  readonly values: readonly Value[];
};

/** The node as retained: as the session describes it, without ages, which would grow old. */
export function nodeObject(node: NodeView, now: number): NodeObject {
  const { values, ...described } = describeNode(node, now);
  return { ...described, values: values.map(({ ageMs: _, ...value }) => value) };
}

/** A field as it stands in its topic. */
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

/** The newest position that a node's values give, as published: degrees. */
export function positionOf(
  values: readonly Value[],
): { latitude: number; longitude: number; at: number } | undefined {
  const newest = newestPosition(values);
  if (!newest) return undefined;
  const { position, receivedAt } = newest;
  return { latitude: position.lat, longitude: position.lon, at: receivedAt };
}

/** The topics that were retained of each node and device, so that they can be removed with it. */
export class NodeTopics {
  readonly #topics: Topics;
  readonly #levels = new Map<Subject, Set<string>>();
  #fieldsLeftOut = 0;

  constructor(topics: Topics) {
    this.#topics = topics;
  }

  /** Fields without a topic of their own, since their node has too many. */
  get fieldsLeftOut(): number {
    return this.#fieldsLeftOut;
  }

  /** `types`: names of the data types whose fields are news; undefined = of all. */
  tell(
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
    const news = types ? values.filter(({ type }) => types.has(type)) : values;
    return [
      { topic: this.#topics.node(subject), payload, retain: true },
      ...plainFields(news)
        .filter(({ level }) => this.#remember(subject, level))
        .map(this.#tellField(subject)),
      ...this.#tellPosition(subject, values, news),
    ];
  }

  /** Topics that an earlier run retained. */
  recall(subject: Subject, values: readonly Pick<Value, 'type' | 'fields'>[]): void {
    this.#levelsOf(subject);
    for (const { type, fields } of values) {
      for (const name of Object.keys(fields)) this.#remember(subject, fieldLevel(type, name));
    }
  }

  /** Nodes and devices of which something is retained. */
  subjects(): Iterable<Subject> {
    return this.#levels.keys();
  }

  knows(subject: Subject): boolean {
    return this.#levels.has(subject);
  }

  /** The topics of a removed node are empty. */
  forget(subject: Subject): void {
    this.#levels.delete(subject);
  }

  /** Empties every topic of a node that is no longer there. */
  remove(subject: Subject): Publication[] {
    const levels = [...this.#levelsOf(subject)];
    const topics = levels.map((level) => this.#topics.field(subject, level));
    return [...topics, this.#topics.position(subject), this.#topics.node(subject)].map(emptied);
  }

  #tellField(subject: Subject): (field: PlainField) => Publication {
    return ({ level, value, receivedAt }) => {
      return {
        topic: this.#topics.field(subject, level),
        payload: String(value),
        retain: true,
        at: receivedAt,
      };
    };
  }

  #tellPosition(subject: Subject, values: readonly Value[], news: readonly Value[]): Publication[] {
    const position = positionOf(news) && positionOf(values);
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

/** Removes what is retained at a topic. */
export function emptied(topic: string): Publication {
  return { topic, payload: '', retain: true };
}
