import type { Cursor, Series, TimeRange, ValueQuery } from '../hub/archive.js';
import { type Bucket, Bucketing } from '../hub/buckets.js';
import { cursorAfter } from '../hub/memory-archive.js';
import type { TimedValue } from '../node/node-values.js';
import type { DataType, DataTypes } from '../protocol/data-types.js';
import type { Database, Row } from './database.js';

/** Rows that one slice of work reads: a few milliseconds, even on a small computer. */
const ROWS_A_SLICE = 5000;
/** Series in which one slice finds one value each. */
const SERIES_A_SLICE = 500;

/** Work that yields between slices; a read transaction lasts for one slice at most. */
export type Slices<Result> = Generator<void, Result>;

/** A stored value and its series. */
export interface StoredValue extends Series {
  readonly value: TimedValue;
}

export interface StoredPage {
  readonly values: readonly StoredValue[];
  /** Series among them whose type is not in data-types.json, or has another id there, with the type's former name. */
  readonly formerTypes: readonly FormerType[];
  readonly next: Cursor | undefined;
  readonly progress: number;
}

export interface FormerType extends Series {
  readonly name: string;
}

export interface StoredBuckets {
  readonly buckets: Bucket[];
  /** Values that were stored under another definition of the type: they are not in any bucket. */
  readonly undecoded: number;
}

interface SeriesRow extends Series, Row {
  readonly node: number;
  readonly typeId: number;
  readonly id: number;
  readonly name: string;
}

interface ValueRow extends Row {
  readonly receivedAt: number;
  readonly deviceTime: number | null;
  readonly bytes: Buffer;
}

interface ChunkRow extends Row {
  readonly count: number;
  /** Bucket numbers of the values, joined; null where none fits the type. */
  readonly buckets: string | null;
  /** Bytes of the values, joined. */
  readonly hex: string | null;
}

interface ChunkEnd extends Row {
  readonly at: number;
  readonly seq: number;
}

/** Finds values in the store, whichever definition of their type they were stored under. */
export class StoreReader {
  readonly #dataTypes: DataTypes;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: Database, dataTypes: DataTypes) {
    this.#dataTypes = dataTypes;
    this.#statements = prepare(database);
  }

  /** At most `limit` values ordered by node, type id and time; from the beginning or after a cursor. */
  *read(query: ValueQuery, limit: number, after?: Cursor): Slices<StoredPage> {
    const all = this.#seriesOf(query);
    const rest = after ? all.filter((series) => compare(series, after) >= 0) : all;
    const values: StoredValue[] = [];
    for (const [index, series] of rest.entries()) {
      const wanted = limit + 1 - values.length;
      values.push(...this.#valuesOf(series, query, wanted, after));
      if (values.length > limit) {
        values.pop();
        const progress = this.#progressOf(values, query, all);
        return { ...this.#pageOf(values, rest), next: cursorAfter(values, after), progress };
      }
      if (index % SERIES_A_SLICE === 0) yield;
    }
    return { ...this.#pageOf(values, rest), next: undefined, progress: 1 };
  }

  /** The value of each node that was current at a given time; of several series of a node, the newest. */
  *current(query: Omit<ValueQuery, 'from' | 'to'>, time: number): Slices<StoredPage> {
    const newest = new Map<number, StoredValue>();
    const all = this.#seriesOf(query);
    for (const [index, series] of all.entries()) {
      const row = this.#statements.current.get(series.id, time) as ValueRow | undefined;
      const other = newest.get(series.node);
      if (row && (!other || row.receivedAt >= other.value.receivedAt)) {
        newest.set(series.node, stored(series, row));
      }
      if (index % SERIES_A_SLICE === 0) yield;
    }
    return { ...this.#pageOf([...newest.values()], all), next: undefined, progress: 1 };
  }

  /** Aggregates one type of one node. Values stored under a former id of the type are only counted. */
  *buckets(query: ValueQuery & Series, bucketMs: number): Slices<StoredBuckets> {
    const type = this.#dataTypes.findById(query.typeId);
    if (!type) return { buckets: [], undecoded: yield* this.#count(query) };
    const bucketing = new Bucketing(type, bucketMs);
    let undecoded = 0;
    for (const series of this.#seriesOf(query)) {
      const isReadable = series.typeId === type.id && !this.#isFormer(series);
      for (const chunk of this.#chunksOf(series, query, type, bucketMs)) {
        const added = isReadable ? addChunk(bucketing, chunk, type, bucketMs) : 0;
        undecoded += chunk.count - added;
        yield;
      }
    }
    return { buckets: bucketing.finish(), undecoded };
  }

  /** Values of a type that is not known, or not yet: nothing else can be said about them. */
  *#count(query: ValueQuery): Slices<number> {
    let count = 0;
    for (const { id } of this.#seriesOf(query)) {
      count += Number(this.#statements.count.value(id, query.from, query.to));
      yield;
    }
    return count;
  }

  #valuesOf(
    series: SeriesRow,
    { from, to }: TimeRange,
    limit: number,
    after: Cursor | undefined,
  ): StoredValue[] {
    const isAfter = after !== undefined && compare(series, after) === 0;
    const rows = this.#statements.timeRange.all(
      series.id,
      isAfter ? after.at : from,
      to,
      limit,
      isAfter ? after.count : 0,
    ) as ValueRow[];
    return rows.map((row) => stored(series, row));
  }

  /** The values of a series, joined in SQL: passing a row to JavaScript costs ten times as much as reading it in SQLite. */
  *#chunksOf(
    { id }: SeriesRow,
    { from, to }: TimeRange,
    type: DataType,
    bucketMs: number,
  ): Generator<ChunkRow> {
    const lengths = { minLength: type.varying ? 0 : type.length, maxLength: type.length };
    let [at, seq] = [from, -1];
    for (;;) {
      const end = this.#statements.chunkEnd.get(id, at, seq, to, ROWS_A_SLICE - 1) as ChunkEnd | undefined;
      const { at: endAt, seq: endSeq } = end ?? { at: to, seq: Number.MAX_SAFE_INTEGER };
      const chunk = { id, at, seq, endAt, endSeq, bucketMs, ...lengths };
      yield this.#statements[type.varying ? 'varyingChunk' : 'chunk'].get(chunk) as ChunkRow;
      if (!end) return;
      ({ at, seq } = end);
    }
  }

  /** 0 to 1. Every series counts the same; within a series, progress is by time. */
  #progressOf(values: readonly StoredValue[], { from, to }: TimeRange, all: readonly SeriesRow[]): number {
    const last = values[values.length - 1];
    const index = all.findIndex((series) => last && compare(series, last) === 0);
    const series = all[index];
    if (!last || !series) return 0;
    const first = this.#statements.oldest.value(series.id) as number | null;
    const newest = this.#statements.newest.value(series.id) as number | null;
    const begin = Math.max(from, first ?? from);
    const end = Math.min(to, newest ?? to);
    const within =
      end > begin ? Math.min(1, Math.max(0, (last.value.receivedAt - begin) / (end - begin))) : 1;
    return (index + within) / all.length;
  }

  #seriesOf({ node = null, typeId = null, typeName = null }: NullableQuery): SeriesRow[] {
    return this.#statements.series.all({ node, typeId, typeName }) as SeriesRow[];
  }

  #pageOf(values: readonly StoredValue[], all: readonly SeriesRow[]) {
    const given = new Set(values.map(keyOf));
    const formerTypes = all
      .filter((series) => given.has(keyOf(series)) && this.#isFormer(series))
      .map(({ node, typeId, name }) => ({ node, typeId, name }));
    return { values, formerTypes };
  }

  /** True if the type was removed, or if its name now belongs to another id, so that its own id was reused. */
  #isFormer({ typeId, name }: SeriesRow): boolean {
    const type = this.#dataTypes.findById(typeId);
    return !type || (type.name !== name && this.#dataTypes.findByName(name) !== undefined);
  }
}

type NullableQuery = { readonly [Key in 'node' | 'typeId']?: number | null } & {
  readonly typeName?: string | null;
};

function prepare(database: Database) {
  const columns = 'received_at AS receivedAt, device_time AS deviceTime, bytes';
  const chunkOf = (separator: string) =>
    database.prepare(
      `SELECT count(*) AS count, group_concat(CASE WHEN fits THEN bucket END) AS buckets,
         group_concat(CASE WHEN fits THEN hex(bytes) END, '${separator}') AS hex
       FROM (
         SELECT bytes, length(bytes) BETWEEN @minLength AND @maxLength AS fits,
           ${floored('received_at / CAST(@bucketMs AS REAL)')} AS bucket
         FROM value WHERE series = @id AND (received_at, seq) > (@at, @seq) AND (received_at, seq) <= (@endAt, @endSeq)
         ORDER BY received_at, seq)`,
    );
  return {
    series: database.prepare(
      `SELECT id, node, type_id AS typeId, type_name AS name FROM series
       WHERE (@node IS NULL OR node = @node)
         AND ((@typeId IS NULL AND @typeName IS NULL) OR type_id = @typeId OR type_name = @typeName COLLATE NOCASE)
       ORDER BY node, type_id`,
    ),
    timeRange: database.prepare(
      `SELECT ${columns} FROM value WHERE series = ? AND received_at >= ? AND received_at <= ?
       ORDER BY received_at, seq LIMIT ? OFFSET ?`,
    ),
    count: database.prepare(
      'SELECT count(*) FROM value WHERE series = ? AND received_at >= ? AND received_at <= ?',
    ),
    chunkEnd: database.prepare(
      `SELECT received_at AS at, seq FROM value WHERE series = ? AND (received_at, seq) > (?, ?) AND received_at <= ?
       ORDER BY received_at, seq LIMIT 1 OFFSET ?`,
    ),
    /** Values of a fixed length need no separator. */
    chunk: chunkOf(''),
    varyingChunk: chunkOf(','),
    oldest: database.prepare('SELECT min(received_at) FROM value WHERE series = ?'),
    newest: database.prepare('SELECT max(received_at) FROM value WHERE series = ?'),
    current: database.prepare(
      `SELECT ${columns} FROM value WHERE series = ? AND received_at <= ?
       ORDER BY received_at DESC, seq DESC LIMIT 1`,
    ),
  };
}

/** SQL's own `floor` is left out of some builds of SQLite. */
function floored(expression: string): string {
  return `(CAST(${expression} AS INTEGER) - (${expression} < CAST(${expression} AS INTEGER)))`;
}

/** Returns the number of values that were added. */
function addChunk(
  bucketing: Bucketing,
  { buckets: numbers, hex }: ChunkRow,
  type: DataType,
  bucketMs: number,
): number {
  if (numbers === null || hex === null) return 0;
  const buckets = numbers.split(',');
  const texts = type.varying ? hex.split(',') : undefined;
  const joined = texts ? undefined : Buffer.from(hex, 'hex');
  for (const [index, bucket] of buckets.entries()) {
    const bytes =
      joined?.subarray(index * type.length, (index + 1) * type.length) ??
      Buffer.from(texts?.[index] ?? '', 'hex');
    bucketing.addTo(Number(bucket) * bucketMs, bytes);
  }
  return buckets.length;
}

function compare(a: Series, b: Series): number {
  return a.node - b.node || a.typeId - b.typeId;
}

function keyOf({ node, typeId }: Series): number {
  return node * 0x10000 + typeId;
}

function stored({ node, typeId }: SeriesRow, { receivedAt, deviceTime, bytes }: ValueRow): StoredValue {
  const value = deviceTime === null ? { receivedAt, bytes } : { receivedAt, deviceTime, bytes };
  return { node, typeId, value };
}
