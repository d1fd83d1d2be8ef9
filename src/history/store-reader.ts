import type { Database } from 'better-sqlite3';
import type { Cursor, Series, TimeRange, ValueQuery } from '../hub/archive.js';
import { type Bucket, Bucketing } from '../hub/buckets.js';
import { cursorAfter } from '../hub/memory-archive.js';
import type { TimedValue } from '../node/node-values.js';
import type { DataType, DataTypes } from '../protocol/data-types.js';

/** Rows that one slice of work looks at: some milliseconds, also on a small computer. */
const ROWS_A_SLICE = 5000;
/** Series of which one slice finds one value each. */
const SERIES_A_SLICE = 500;

/** Work in slices: it yields between them, and no read transaction lasts longer than one. */
export type Slices<Result> = Generator<void, Result>;

/** A stored value, and of which series. */
export interface StoredValue extends Series {
  readonly value: TimedValue;
}

export interface StoredPage {
  readonly values: readonly StoredValue[];
  /** Series among them whose type data-types.json lacks, or has by another id: with the name that it had. */
  readonly formerTypes: readonly FormerType[];
  readonly next: Cursor | undefined;
  readonly progress: number;
}

export interface FormerType extends Series {
  readonly name: string;
}

export interface StoredBuckets {
  readonly buckets: Bucket[];
  /** Values that were stored under another definition of the type: they are in no bucket. */
  readonly undecoded: number;
}

interface SeriesRow extends Series {
  readonly id: number;
  readonly name: string;
}

interface ValueRow {
  readonly receivedAt: number;
  readonly deviceTime: number | null;
  readonly bytes: Buffer;
}

/** Bucket numbers and hex of a chunk's values, each group in one text; null where there is none. */
type ChunkRow = [count: number, bucketNumbers: string | null, hex: string | null];

/** Finds values in the store, whatever the definition of their type was. */
export class StoreReader {
  readonly #dataTypes: DataTypes;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: Database, dataTypes: DataTypes) {
    this.#dataTypes = dataTypes;
    this.#statements = prepare(database);
  }

  /** At most `limit` values by rising node and type id, then oldest first; from the beginning or after a cursor. */
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

  /** The value of each node that was current at a time; of several series of a node, the newest. */
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

  /** Sums up one type of one node. Values of the same name under an id that the type no longer has are counted. */
  *buckets(query: ValueQuery & Series, bucketMs: number): Slices<StoredBuckets> {
    const type = this.#dataTypes.findById(query.typeId);
    if (!type) return { buckets: [], undecoded: 0 };
    const bucketing = new Bucketing(type, bucketMs);
    let undecoded = 0;
    for (const series of this.#seriesOf(query)) {
      const isReadable = series.typeId === type.id && !this.#isFormer(series);
      for (const chunk of this.#chunksOf(series, query, type, bucketMs)) {
        const added = isReadable ? addChunk(bucketing, chunk, type, bucketMs) : 0;
        undecoded += chunk[0] - added;
        yield;
      }
    }
    return { buckets: bucketing.finish(), undecoded };
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

  /**
   * The values of a series, put together in SQL: a row that crosses over to JavaScript costs ten times as much as one
   * that SQLite passes by.
   */
  *#chunksOf(
    { id }: SeriesRow,
    { from, to }: TimeRange,
    type: DataType,
    bucketMs: number,
  ): Generator<ChunkRow> {
    const lengths = { least: type.varying ? 0 : type.length, most: type.length };
    let [at, seq] = [from, -1];
    for (;;) {
      const end = this.#statements.chunkEnd.get(id, at, seq, to, ROWS_A_SLICE - 1) as
        | [number, number]
        | undefined;
      const [endAt, endSeq] = end ?? [to, Number.MAX_SAFE_INTEGER];
      const chunk = { id, at, seq, endAt, endSeq, bucketMs, ...lengths };
      yield this.#statements[type.varying ? 'varyingChunk' : 'chunk'].get(chunk) as ChunkRow;
      if (!end) return;
      [at, seq] = end;
    }
  }

  /** Every series counts the same; within one it goes by time, from its first value to its last. */
  #progressOf(values: readonly StoredValue[], { from, to }: TimeRange, all: readonly SeriesRow[]): number {
    const last = values[values.length - 1];
    const index = all.findIndex((series) => last && compare(series, last) === 0);
    const series = all[index];
    if (!last || !series) return 0;
    const first = this.#statements.oldest.get(series.id) as number | null;
    const newest = this.#statements.newest.get(series.id) as number | null;
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

  /** True for a type that is gone, and for one whose name belongs to another id: the id is used again. */
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
    database
      .prepare(
        `SELECT count(*), group_concat(CASE WHEN fits THEN bucket END), group_concat(CASE WHEN fits THEN hex(bytes) END, '${separator}')
         FROM (
           SELECT bytes, length(bytes) BETWEEN @least AND @most AS fits,
             CAST(floor(received_at / @bucketMs) AS INTEGER) AS bucket
           FROM value WHERE series = @id AND (received_at, seq) > (@at, @seq) AND (received_at, seq) <= (@endAt, @endSeq)
           ORDER BY received_at, seq)`,
      )
      .raw();
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
    chunkEnd: database
      .prepare(
        `SELECT received_at, seq FROM value WHERE series = ? AND (received_at, seq) > (?, ?) AND received_at <= ?
         ORDER BY received_at, seq LIMIT 1 OFFSET ?`,
      )
      .raw(),
    /** Of a type of one length: its values without anything between them. */
    chunk: chunkOf(''),
    varyingChunk: chunkOf(','),
    oldest: database.prepare('SELECT min(received_at) FROM value WHERE series = ?').pluck(),
    newest: database.prepare('SELECT max(received_at) FROM value WHERE series = ?').pluck(),
    current: database.prepare(
      `SELECT ${columns} FROM value WHERE series = ? AND received_at <= ?
       ORDER BY received_at DESC, seq DESC LIMIT 1`,
    ),
  };
}

/** Returns how many values it has added. */
function addChunk(
  bucketing: Bucketing,
  [, numbers, hex]: ChunkRow,
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
  return node * 0x100 + typeId;
}

function stored({ node, typeId }: SeriesRow, { receivedAt, deviceTime, bytes }: ValueRow): StoredValue {
  const value = deviceTime === null ? { receivedAt, bytes } : { receivedAt, deviceTime, bytes };
  return { node, typeId, value };
}
