import type { Database } from 'better-sqlite3';
import type { ArchivedValue, ArchivePage, Place, Series, Stretch, ValueQuery } from '../network/archive.js';
import { type Bucket, Bucketing, fitsType } from '../network/buckets.js';
import { placeBehind } from '../network/memory-archive.js';
import type { TimedValue } from '../node/node-values.js';
import type { DataType, DataTypes } from '../protocol/data-types.js';

interface SeriesRow {
  readonly id: number;
  readonly node: number;
  readonly typeId: number;
}

interface ValueRow {
  readonly receivedAt: number;
  readonly deviceTime: number | null;
  readonly bytes: Buffer;
}

/** A series whose type is known, and has a name to read it by. */
interface ReadableSeries extends SeriesRow {
  readonly type: DataType;
}

/** Finds values in the store. What was stored under another definition of its type is left out. */
export class StoreReader {
  readonly #dataTypes: DataTypes;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: Database, dataTypes: DataTypes) {
    this.#dataTypes = dataTypes;
    this.#statements = prepare(database);
  }

  /** At most `limit` values by rising node and type id, then oldest first; from the beginning or behind a place. */
  read(query: ValueQuery, limit: number, behind?: Place): ArchivePage {
    const all = this.#seriesOf(query);
    const rest = behind ? all.filter((series) => compare(series, behind) >= 0) : all;
    const values: ArchivedValue[] = [];
    for (const [index, series] of rest.entries()) {
      const wanted = limit + 1 - values.length;
      values.push(...this.#valuesOf(series, query, wanted, index === 0 ? behind : undefined));
      if (values.length > limit) {
        values.pop();
        return { values, next: placeBehind(values, behind), progress: this.#progressOf(values, query, all) };
      }
    }
    return { values, next: undefined, progress: 1 };
  }

  /** The value of each node that was current at a time. */
  current(typeId: number, time: number, node?: number): ArchivedValue[] {
    return this.#seriesOf({ typeId, ...(node !== undefined && { node }) }).flatMap((series) => {
      const row = this.#statements.current.get(series.id, time) as ValueRow | undefined;
      return row && fitsType(series.type, row.bytes) ? [archived(series, row)] : [];
    });
  }

  buckets(series: Series, { from, to }: Stretch, bucketMs: number): Bucket[] {
    const [found] = this.#seriesOf(series);
    if (!found) return [];
    const bucketing = new Bucketing(found.type, bucketMs);
    const { least, most } = lengthsOf(found.type);
    for (const row of this.#statements.stretch.iterate(found.id, from, to, least, most, -1, 0)) {
      bucketing.add(timedValue(row as ValueRow));
    }
    return bucketing.finish();
  }

  #valuesOf(
    series: ReadableSeries,
    { from, to }: Stretch,
    limit: number,
    behind: Place | undefined,
  ): ArchivedValue[] {
    const isBehind = behind !== undefined && compare(series, behind) === 0;
    const { least, most } = lengthsOf(series.type);
    const rows = this.#statements.stretch.all(
      series.id,
      isBehind ? behind.at : from,
      to,
      least,
      most,
      limit,
      isBehind ? behind.count : 0,
    ) as ValueRow[];
    return rows.map((row) => archived(series, row));
  }

  /** Every series counts the same; within one it goes by time, from its first value to its last. */
  #progressOf(values: readonly ArchivedValue[], { from, to }: Stretch, all: readonly SeriesRow[]): number {
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

  #seriesOf({
    node = null,
    typeId = null,
  }: {
    readonly node?: number | null;
    readonly typeId?: number | null;
  }) {
    const rows = this.#statements.series.all({ node, typeId }) as SeriesRow[];
    return rows.flatMap((row): ReadableSeries[] => {
      const type = this.#dataTypes.findById(row.typeId);
      return type ? [{ ...row, type }] : [];
    });
  }
}

function prepare(database: Database) {
  const columns = 'received_at AS receivedAt, device_time AS deviceTime, bytes';
  return {
    series: database.prepare(
      `SELECT id, node, type_id AS typeId FROM series
       WHERE (@node IS NULL OR node = @node) AND (@typeId IS NULL OR type_id = @typeId) ORDER BY node, type_id`,
    ),
    stretch: database.prepare(
      `SELECT ${columns} FROM value WHERE series = ? AND received_at >= ? AND received_at <= ?
         AND length(bytes) BETWEEN ? AND ?
       ORDER BY received_at, seq LIMIT ? OFFSET ?`,
    ),
    oldest: database.prepare('SELECT min(received_at) FROM value WHERE series = ?').pluck(),
    newest: database.prepare('SELECT max(received_at) FROM value WHERE series = ?').pluck(),
    current: database.prepare(
      `SELECT ${columns} FROM value WHERE series = ? AND received_at <= ?
       ORDER BY received_at DESC, seq DESC LIMIT 1`,
    ),
  };
}

function compare(a: Series, b: Series): number {
  return a.node - b.node || a.typeId - b.typeId;
}

function archived({ node, typeId }: SeriesRow, row: ValueRow): ArchivedValue {
  return { node, typeId, value: timedValue(row) };
}

function timedValue({ receivedAt, deviceTime, bytes }: ValueRow): TimedValue {
  return deviceTime === null ? { receivedAt, bytes } : { receivedAt, deviceTime, bytes };
}

/** Bytes that a value of the type may have: others were stored under another definition of it. */
function lengthsOf({ length, varying }: DataType): { readonly least: number; readonly most: number } {
  return { least: varying ? 0 : length, most: length };
}
