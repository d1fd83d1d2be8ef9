import type { TimedValue } from '../node/node-values.js';
import { type DataType, decodeValue, fieldValue, fitsType } from '../protocol/data-types.js';

/** Summary of one numeric field over a bucket. */
export interface FieldSummary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly last: number;
}

/** The values received within one range of `bucketMs`. */
export interface Bucket {
  /** Its start, ms since the epoch, host clock: a multiple of its length. */
  readonly at: number;
  /** Values in it. */
  readonly count: number;
  /** Field name → summary; fields without numbers are omitted. */
  readonly fields: Readonly<Record<string, FieldSummary>>;
}

interface Sum {
  min: number;
  max: number;
  total: number;
  count: number;
  last: number;
}

/** Summarises values, which must be added in order of their receive time, into buckets. */
export class Bucketing {
  readonly #type: DataType;
  readonly #bucketMs: number;
  readonly #done: Bucket[] = [];
  #at: number | undefined;
  #count = 0;
  #sums = new Map<string, Sum>();

  constructor(type: DataType, bucketMs: number) {
    this.#type = type;
    this.#bucketMs = bucketMs;
  }

  /** A value that does not have the type's length is skipped: the type has changed since it was stored. */
  add({ receivedAt, bytes }: TimedValue): void {
    if (fitsType(this.#type, bytes)) {
      this.addTo(Math.floor(receivedAt / this.#bucketMs) * this.#bucketMs, bytes);
    }
  }

  /** Adds a value, which must have the type's length, to the bucket that starts at `at`. */
  addTo(at: number, bytes: Buffer): void {
    if (at !== this.#at) this.#begin(at);
    this.#count++;
    if (this.#type.json) {
      for (const [name, { value }] of Object.entries(decodeValue(this.#type, bytes)))
        this.#addField(name, value);
    } else {
      for (const field of this.#type.fields) this.#addField(field.name, fieldValue(field, bytes));
    }
  }

  /** The buckets, oldest first. */
  finish(): Bucket[] {
    this.#end();
    return this.#done;
  }

  #addField(name: string, value: number | string): void {
    if (typeof value !== 'number' || !Number.isFinite(value)) return;
    const sum = this.#sums.get(name);
    if (!sum) {
      this.#sums.set(name, { min: value, max: value, total: value, count: 1, last: value });
      return;
    }
    sum.min = Math.min(sum.min, value);
    sum.max = Math.max(sum.max, value);
    sum.total += value;
    sum.count++;
    sum.last = value;
  }

  #begin(at: number): void {
    this.#end();
    this.#at = at;
  }

  #end(): void {
    if (this.#at === undefined) return;
    const fields = [...this.#sums].map(([name, { min, max, total, count, last }]) => [
      name,
      // Clamped, because rounding can put the mean of equal numbers next to them.
      { min, max, mean: Math.min(max, Math.max(min, total / count)), last },
    ]);
    this.#done.push({ at: this.#at, count: this.#count, fields: Object.fromEntries(fields) });
    this.#at = undefined;
    this.#count = 0;
    this.#sums = new Map();
  }
}
