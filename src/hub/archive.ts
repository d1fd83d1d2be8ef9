/** Values over time: from memory, or from a store that outlives the process. */
import type { TimedValue } from '../node/node-values.js';
import type { DataType } from '../protocol/data-types.js';
import type { Bucket } from './buckets.js';

/** A range of receive time, ms since the epoch, host clock; both ends belong to it. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Whose values: of one node and data type, or of all. By `typeName` also those that were stored under another id, or of
 * a type that data-types.json no longer has.
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

/** A value that was found, and whose. */
export interface ArchivedValue extends Series {
  readonly value: TimedValue;
  /** The name of its type, where data-types.json has changed since: its bytes can't be decoded. */
  readonly formerType?: string;
}

export interface ArchivedBuckets {
  readonly buckets: Bucket[];
  /** Values of the time range that are in no bucket, since data-types.json has changed since. */
  readonly undecoded: number;
}

/** Who asks: clients take turns, by `owner`. */
export interface Asker {
  readonly owner: string;
  /** Aborts when the client is gone: nobody waits for the answer. */
  readonly signal?: AbortSignal;
}

/** A position after a value: so many values of that receive time have been given. */
export interface Cursor extends Series {
  readonly at: number;
  readonly count: number;
}

export interface ArchivePage {
  /** By rising node and type id, then oldest first. */
  readonly values: readonly ArchivedValue[];
  /** Where to go on; undefined at the end. */
  readonly next: Cursor | undefined;
  /** How much of the query has been gone through, 0 to 1. */
  readonly progress: number;
}

/** Its promises reject with an `ArchiveError`. */
export interface Archive {
  /** At most `limit` values, from the beginning or after a cursor. */
  read(query: ValueQuery, limit: number, after: Cursor | undefined, asker: Asker): Promise<ArchivePage>;
  /** The value of each node that was current at a time; of one node where it is given. */
  current(query: SeriesQuery, time: number, asker: Asker): Promise<readonly ArchivedValue[]>;
  /** A time range in buckets of `bucketMs`; buckets without a value are left out. */
  buckets(query: ValueQuery & Series, bucketMs: number, asker: Asker): Promise<ArchivedBuckets>;
  /** A source has declared these types; what is stored of them can be decoded from now on. */
  declare(types: readonly DataType[]): void;
  /** Resolves once all events so far are on the disk, or where nothing is kept. */
  flush(): Promise<void>;
  /** How it is: for people and programs that watch the gateway. */
  status(): ArchiveStatus;
}

export interface ArchiveStatus {
  /** Where it is kept; undefined: in memory only. */
  readonly file?: string;
  /** The SQLite library in use, `node:sqlite` or `libsql`; undefined where none is used or could be loaded. */
  readonly driver?: string;
  /** Why it is in memory only, or not written now. */
  readonly fault?: string;
  /** Number of the last event that is on the disk. */
  readonly storedSeq?: number;
  /** What it counts, by reason. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Why values of the past can't be had, and what to do. */
export const ARCHIVE_FAILURES = {
  timedOut: 'reading the history took too long; ask for a shorter time range, or for less at once',
  busy: 'too many reads of the history are waiting; wait for replies, then try again',
  failed: 'the history store could not be read; the method status shows its state',
  cancelled: 'the client is gone',
  closed: 'the history store is closed',
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
