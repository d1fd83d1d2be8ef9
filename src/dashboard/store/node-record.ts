/** A node: the gateway's description, and what was received since the page was opened. */

import type { AgedValue, MeshEvent, NodeInfo, NodeStatusName, Value } from '../../api/shapes.js';
import { type Position, positionIn } from '../../protocol/position.js';
import { trendField } from '../format.js';
import { Ring } from './ring.js';
import { Topic } from './topic.js';

/** Points of a trend line: about as many as fit its width. */
const TREND_POINTS = 40;
/** Positions in a trail: a few minutes at one per second. */
const TRAIL_POINTS = 300;
/** Status changes listed on the page of a node or a device. */
export const CHANGES_KEPT = 100;

export interface StatusChange {
  readonly seq: number;
  readonly at: number;
  readonly change: Extract<MeshEvent, { kind: 'node' }>['change'];
  readonly status: NodeStatusName | null;
}

export interface TrailPoint {
  readonly lat: number;
  readonly lon: number;
  readonly at: number;
}

interface Trail {
  readonly points: Ring<TrailPoint>;
  /** Bytes of the data type: the longer, the more precise. */
  readonly precision: number;
}

export class NodeRecord {
  /** Replaced, never mutated: another object means that the node has changed. */
  info: NodeInfo;
  readonly changes = new Ring<StatusChange>(CHANGES_KEPT);
  /** Called with every value, for the plots. */
  readonly valueListeners = new Set<(value: Value) => void>();
  readonly topic = new Topic();
  readonly #trends = new Map<string, Ring<number>>();
  readonly #trails = new Map<string, Trail>();
  #searchText: { readonly info: NodeInfo; readonly text: string } | undefined;

  constructor(info: NodeInfo) {
    this.info = info;
    for (const value of info.values) this.#note(value);
  }

  get address(): number {
    return this.info.address;
  }

  get values(): readonly AgedValue[] {
    return this.info.values;
  }

  /** Replaces the description; trends, trails and changes are kept. */
  replace(info: NodeInfo): void {
    const previous = this.info.values;
    this.info = info;
    for (const value of info.values) {
      const before = previous.find(({ id }) => id === value.id);
      if (!before || before.receivedAt < value.receivedAt) this.#note(value);
    }
  }

  /** `isNew`: false if the description has it already. */
  onNewValue(value: Value, isNew: boolean): void {
    this.#note(value);
    for (const listener of this.valueListeners) listener(value);
    if (!isNew) return;
    const aged: AgedValue = { ...value, ageMs: 0 };
    const { values } = this.info;
    const index = values.findIndex(({ id }) => id === value.id);
    this.info = {
      ...this.info,
      lastHeardAt: Math.max(this.info.lastHeardAt ?? 0, value.receivedAt),
      restored: false,
      values: index < 0 ? [...values, aged].sort((a, b) => a.id - b.id) : values.with(index, aged),
    };
  }

  onHeard(at: number): void {
    const { lastHeardAt, restored } = this.info;
    if (at <= (lastHeardAt ?? 0) && !restored) return;
    this.info = { ...this.info, lastHeardAt: Math.max(at, lastHeardAt ?? 0), restored: false };
  }

  trendOf(type: string): readonly number[] {
    return this.#trends.get(type)?.toArray() ?? [];
  }

  /** Recent positions, from the most precise data type. */
  trail(): readonly TrailPoint[] {
    let best: Trail | undefined;
    for (const trail of this.#trails.values()) if (!best || trail.precision > best.precision) best = trail;
    return best?.points.toArray() ?? [];
  }

  /** The text that the search matches, in lower case. */
  get searchText(): string {
    if (this.#searchText?.info !== this.info)
      this.#searchText = { info: this.info, text: describe(this.info) };
    return this.#searchText?.text ?? '';
  }

  #note(value: Value): void {
    const field = trendField(value);
    const number = field === undefined ? undefined : value.fields[field]?.value;
    if (typeof number === 'number') this.#trendRing(value.type).push(number);
    const position = positionIn(value.fields);
    if (position) this.#noteTrail(value, position);
  }

  #noteTrail({ type, bytes, receivedAt }: Value, { lat, lon }: Position): void {
    let trail = this.#trails.get(type);
    if (!trail) {
      trail = { points: new Ring(TRAIL_POINTS), precision: bytes.length };
      this.#trails.set(type, trail);
    }
    const { last } = trail.points;
    if (last?.lat !== lat || last.lon !== lon) trail.points.push({ lat, lon, at: receivedAt });
  }

  #trendRing(type: string): Ring<number> {
    let ring = this.#trends.get(type);
    if (!ring) {
      ring = new Ring(TREND_POINTS);
      this.#trends.set(type, ring);
    }
    return ring;
  }
}

function describe({ address, name, uuid, values }: NodeInfo): string {
  const hex = address.toString(16).padStart(4, '0');
  const fields = values.flatMap(({ type, fields }) => [
    type,
    ...Object.entries(fields).map(([field, { value, unit }]) => `${field} ${value} ${unit ?? ''}`),
  ]);
  return [String(address), `0x${hex}`, name, uuid ?? '', ...fields].join('\n').toLowerCase();
}
