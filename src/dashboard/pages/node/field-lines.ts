/** The numbers of one data type over time, with a line for each field: single values, or aggregated in buckets. */
import type { BucketInfo, Value } from '../../../api/shapes.js';
import type { BandPoint, PlotPoint } from '../../charts/plot-data.js';

interface LineFacts {
  readonly field: string;
  /** The newest value. */
  readonly latest: number | undefined;
}

/** `bucketMs`: undefined if each value is a point. */
export type FieldLine = LineFacts &
  (
    | { readonly bucketMs: undefined; readonly points: readonly PlotPoint[] }
    | { readonly bucketMs: number; readonly points: readonly BandPoint[] }
  );

export interface FieldLines {
  /** Adds a value that was just received. */
  add(value: Value): void;
  /** Drops older points. `from`: ms since the epoch. */
  lines(from: number): FieldLine[];
  /** Number of points of the longest line. */
  readonly length: number;
}

/** Every value is a point. */
export class ValueLines implements FieldLines {
  readonly #lines = new Map<string, PlotPoint[]>();

  constructor(values: readonly Value[]) {
    for (const value of values) this.add(value);
  }

  get length(): number {
    return longest(this.#lines);
  }

  add({ fields, receivedAt }: Value): void {
    for (const [field, value] of numbersOf(fields)) {
      const points = lineOf(this.#lines, field);
      const last = points.at(-1);
      if (!last || last.at < receivedAt) points.push({ at: receivedAt, value });
    }
  }

  lines(from: number): FieldLine[] {
    dropBefore(this.#lines, from);
    return [...this.#lines].map(([field, points]) => ({
      field,
      latest: points.at(-1)?.value,
      bucketMs: undefined,
      points: [...points],
    }));
  }
}

/** Empty buckets that a line spans at most; a longer gap interrupts it. */
const SPANNED_BUCKETS = 5;

interface OpenPoint extends BandPoint {
  readonly count: number;
}

/** Buckets from the gateway, extended by values received after `to`. */
export class BucketLines implements FieldLines {
  readonly #bucketMs: number;
  readonly #to: number;
  readonly #lines = new Map<string, OpenPoint[]>();
  readonly #latest = new Map<string, number>();

  /** `buckets`: of values up to `to`, ms since the epoch. */
  constructor(buckets: readonly BucketInfo[], bucketMs: number, to: number) {
    this.#bucketMs = bucketMs;
    this.#to = to;
    for (const { at, count, fields } of buckets) {
      for (const [field, { min, max, mean, last }] of Object.entries(fields)) {
        this.#latest.set(field, last);
        this.#push(field, { at: this.#middleOf(at), value: mean, min, max, count });
      }
    }
  }

  get length(): number {
    return longest(this.#lines);
  }

  add({ fields, receivedAt }: Value): void {
    if (receivedAt <= this.#to) return;
    for (const [field, value] of numbersOf(fields)) {
      this.#latest.set(field, value);
      this.#addNumber(field, this.#middleOf(receivedAt), value);
    }
  }

  lines(from: number): FieldLine[] {
    dropBefore(this.#lines, from);
    return [...this.#lines].map(([field, points]) => ({
      field,
      latest: this.#latest.get(field),
      bucketMs: this.#bucketMs,
      points: [...points],
    }));
  }

  #addNumber(field: string, at: number, value: number): void {
    const points = lineOf(this.#lines, field);
    const last = points.at(-1);
    if (last?.at !== at) {
      this.#push(field, { at, value, min: value, max: value, count: 1 });
      return;
    }
    points[points.length - 1] = {
      at,
      value: last.value + (value - last.value) / (last.count + 1),
      min: Math.min(last.min, value),
      max: Math.max(last.max, value),
      count: last.count + 1,
    };
  }

  #push(field: string, point: OpenPoint): void {
    const points = lineOf(this.#lines, field);
    const last = points.at(-1);
    if (last && point.at - last.at > SPANNED_BUCKETS * this.#bucketMs) {
      const at = last.at + this.#bucketMs;
      points.push({ at, value: Number.NaN, min: Number.NaN, max: Number.NaN, count: 0 });
    }
    points.push(point);
  }

  #middleOf(time: number): number {
    return (Math.floor(time / this.#bucketMs) + 0.5) * this.#bucketMs;
  }
}

function numbersOf(fields: Value['fields']): [string, number][] {
  return Object.entries(fields).flatMap(([field, { value }]) =>
    typeof value === 'number' ? [[field, value] as [string, number]] : [],
  );
}

function lineOf<Point>(lines: Map<string, Point[]>, field: string): Point[] {
  const points = lines.get(field) ?? [];
  lines.set(field, points);
  return points;
}

function dropBefore<Point extends PlotPoint>(lines: Map<string, Point[]>, from: number): void {
  for (const [field, points] of lines) {
    if ((points[0]?.at ?? from) < from)
      lines.set(
        field,
        points.filter(({ at }) => at >= from),
      );
  }
}

function longest(lines: ReadonlyMap<string, readonly unknown[]>): number {
  return Math.max(0, ...[...lines.values()].map(({ length }) => length));
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Bucket lengths that are round numbers. */
const BUCKETS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
];

/** The shortest bucket that divides `rangeMs` into at most `maxBuckets`. */
export function bucketFor(rangeMs: number, maxBuckets: number): number {
  const minMs = rangeMs / maxBuckets;
  return BUCKETS.find((length) => length >= minMs) ?? Math.ceil(minMs / DAY) * DAY;
}

/** `10 s`, `5 min`, `2 h`, `1 d`. */
export function formatBucket(ms: number): string {
  if (ms < MINUTE) return `${ms / SECOND} s`;
  if (ms < HOUR) return `${ms / MINUTE} min`;
  return ms < DAY ? `${ms / HOUR} h` : `${ms / DAY} d`;
}
