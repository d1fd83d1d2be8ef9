import type { TimedValue } from '../node/node-values.js';
import type { DataTypes } from '../protocol/data-types.js';
import {
  type Archive,
  type ArchivedBuckets,
  type ArchivedValue,
  ArchiveError,
  type ArchivePage,
  type ArchiveStatus,
  type Cursor,
  type Series,
  type SeriesQuery,
  type TimeRange,
  type ValueQuery,
} from './archive.js';
import { Bucketing } from './buckets.js';

/** Values held in memory by the picture. */
export interface HeldValues {
  /** Every node and type with a value, by rising address and id. */
  series(): Series[];
  /** The values of one series, oldest first. */
  valuesOf(series: Series): TimedValue[];
}

/** An archive of the values held in memory: the last few of each node and type. */
export class MemoryArchive implements Archive {
  readonly #held: HeldValues;
  readonly #dataTypes: DataTypes;
  readonly #fault: string | undefined;

  /** `fault`: why there is no store although one is configured. */
  constructor(held: HeldValues, dataTypes: DataTypes, fault?: string) {
    this.#held = held;
    this.#dataTypes = dataTypes;
    this.#fault = fault;
  }

  async read(query: ValueQuery, limit: number, after?: Cursor): Promise<ArchivePage> {
    const rest = skipTo(this.#find(query), after);
    const values = rest.slice(0, limit);
    const hasMore = rest.length > limit;
    return { values, next: hasMore ? cursorAfter(values, after) : undefined, progress: hasMore ? 0.5 : 1 };
  }

  async current(query: SeriesQuery, time: number): Promise<ArchivedValue[]> {
    const range = { from: 0, to: time };
    return this.#seriesOf(query).flatMap((series) => this.#inTimeRange(series, range).slice(-1));
  }

  async buckets(query: ValueQuery & Series, bucketMs: number): Promise<ArchivedBuckets> {
    const { node, typeId } = query;
    const type = this.#dataTypes.findById(typeId);
    if (!type) return { buckets: [], undecoded: 0 };
    const bucketing = new Bucketing(type, bucketMs);
    for (const { value } of this.#inTimeRange({ node, typeId }, query)) bucketing.add(value);
    return { buckets: bucketing.finish(), undecoded: 0 };
  }

  /** Nothing to do: it shares the hub's table of types. */
  declare(): void {}

  /** With a fault nothing is on disk: the caller must learn that. */
  async flush(): Promise<void> {
    if (this.#fault !== undefined) throw new ArchiveError('failed', this.#fault);
  }

  status(): ArchiveStatus {
    return { counters: {}, ...(this.#fault !== undefined && { fault: this.#fault }) };
  }

  #find(query: ValueQuery): ArchivedValue[] {
    return this.#seriesOf(query).flatMap((series) => this.#inTimeRange(series, query));
  }

  /** A name without an id is that of a removed type: nothing is held of it. */
  #seriesOf({ node, typeId, typeName }: SeriesQuery): Series[] {
    if (typeId === undefined && typeName !== undefined) return [];
    if (node !== undefined && typeId !== undefined) return [{ node, typeId }];
    return this.#held
      .series()
      .filter((series) => node === undefined || series.node === node)
      .filter((series) => typeId === undefined || series.typeId === typeId);
  }

  #inTimeRange(series: Series, { from, to }: TimeRange): ArchivedValue[] {
    return this.#held
      .valuesOf(series)
      .filter(({ receivedAt }) => receivedAt >= from && receivedAt <= to)
      .map((value) => ({ ...series, value }));
  }
}

function skipTo(all: readonly ArchivedValue[], after: Cursor | undefined): readonly ArchivedValue[] {
  if (!after) return all;
  const ofThatTime = all.filter((given) => compareWith(given, after) === 0);
  return [...ofThatTime.slice(after.count), ...all.filter((given) => compareWith(given, after) > 0)];
}

function compareWith({ node, typeId, value }: ArchivedValue, cursor: Cursor): number {
  return node - cursor.node || typeId - cursor.typeId || value.receivedAt - cursor.at;
}

/** The cursor after the last of these values, which were read from `after` on. */
export function cursorAfter(values: readonly ArchivedValue[], after: Cursor | undefined): Cursor | undefined {
  const last = values[values.length - 1];
  if (!last) return undefined;
  const { node, typeId, value } = last;
  const cursor = { node, typeId, at: value.receivedAt, count: 0 };
  const before = after && compareWith(last, after) === 0 ? after.count : 0;
  return { ...cursor, count: before + values.filter((given) => compareWith(given, cursor) === 0).length };
}
