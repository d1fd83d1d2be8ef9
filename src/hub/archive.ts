/** Values over time: from memory, or from a persistent store. */
import type { TimedValue } from '../node/node-values.js';
import type { DataType } from '../protocol/data-types.js';
import type { Bucket } from './buckets.js';

/** A range of receive times, ms since the epoch, host clock; both ends inclusive. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Which values: of one node and data type, or of all. `typeName` also finds values that were stored under another id, or
 * whose type has been removed from data-types.json.
 */
export interface SeriesQuery {
  readonly node?: number;
  readonly typeId?: number;
  readonly typeName?: string;
}

export interface ValueQuery extends TimeRange, SeriesQuery {}

/** The values of one node and data type. */
export interface Series {
  readonly node: number;
  readonly typeId: number;
}

/** A value, and the series that it belongs to. */
export interface ArchivedValue extends Series {
  readonly value: TimedValue;
  /** The old name of its type, if data-types.json has changed since: the bytes can't be decoded. */
  readonly formerType?: string;
}

export interface ArchivedBuckets {
  readonly buckets: Bucket[];
  /** Values of the time range that could not be decoded, because data-types.json has changed since they were stored. */
  readonly undecoded: number;
}

/** The client that a query is for; clients take turns, by `owner`. */
export interface Asker {
  readonly owner: string;
  /** Aborts when the client has disconnected. */
  readonly signal?: AbortSignal;
}

/** A position in a series: after `count` values of the receive time `at`. */
export interface Cursor extends Series {
  readonly at: number;
  readonly count: number;
}

export interface ArchivePage {
  /** By rising node and type id, then oldest first. */
  readonly values: readonly ArchivedValue[];
  /** Cursor of the next page; undefined at the end. */
  readonly next: Cursor | undefined;
  /** Completed part of the query, 0 to 1. */
  readonly progress: number;
}

/** All promises reject with an `ArchiveError`. */
export interface Archive {
  /** Reads at most `limit` values, from the start of the range or after a cursor. */
  read(query: ValueQuery, limit: number, after: Cursor | undefined, asker: Asker): Promise<ArchivePage>;
  /** The value of each series that was current at `time`. */
  current(query: SeriesQuery, time: number, asker: Asker): Promise<readonly ArchivedValue[]>;
  /** Summarises a time range in buckets of `bucketMs`; empty buckets are omitted. */
  buckets(query: ValueQuery & Series, bucketMs: number, asker: Asker): Promise<ArchivedBuckets>;
  /** A source has declared these types: stored values of them can be decoded from now on. */
  declare(types: readonly DataType[]): void;
  /** Resolves when all events so far are on disk; at once if nothing is stored. */
  flush(): Promise<void>;
  /** For people and programs that monitor the gateway. */
  status(): ArchiveStatus;
}

export interface ArchiveStatus {
  /** The file; undefined if in memory only. */
  readonly file?: string;
  /** The SQLite library in use, `node:sqlite` or `libsql`; undefined where none is used or could be loaded. */
  readonly driver?: string;
  /** Why it is in memory only, or can't be written at present. */
  readonly fault?: string;
  /** Number of the last event on disk. */
  readonly storedSeq?: number;
  /** Counts by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Why a query failed, and what to do. */
export const ARCHIVE_FAILURES = {
  timedOut: 'reading the history timed out; use a shorter time range or a smaller limit',
  busy: 'too many history reads are waiting; wait for replies, then retry',
  failed: 'the history could not be read; the method status shows its state',
  cancelled: 'the client has disconnected',
  closed: 'the history is closed',
} as const;

export type ArchiveFailure = keyof typeof ARCHIVE_FAILURES;

export class ArchiveError extends Error {
  constructor(
    readonly reason: ArchiveFailure,
    detail?: string,
  ) {
    super(detail === undefined ? ARCHIVE_FAILURES[reason] : `${ARCHIVE_FAILURES[reason]}: ${detail}`);
    this.name = 'ArchiveError';
  }
}
