/** The messages between the gateway and the threads that write and read the store. */
import type { Cursor, Series, SeriesQuery, ValueQuery } from '../hub/archive.js';
import type { DataType } from '../protocol/data-types.js';
import type { DriverName } from './database.js';
import type { Holdings } from './holdings.js';
import type { PackedRestored } from './restored.js';
import type { FormerType, StoredBuckets } from './store-reader.js';

export interface StoreSettings {
  readonly file: string;
  /** How long values and events are kept, in ms. */
  readonly keepMs: number;
  /** Maximum bytes of the file. */
  readonly maxBytes: number;
  /** Number of events of all kinds that are kept for clients that resume. */
  readonly eventsHeld: number;
}

export interface ThreadSettings extends StoreSettings {
  /** Parsed already, so that the thread starts faster. */
  readonly dataTypes: readonly DataType[];
}

export type ReaderSettings = Pick<ThreadSettings, 'file' | 'dataTypes'>;

export type Question =
  | {
      readonly kind: 'read';
      readonly query: ValueQuery;
      readonly limit: number;
      readonly after: Cursor | undefined;
    }
  | { readonly kind: 'current'; readonly query: SeriesQuery; readonly time: number }
  | { readonly kind: 'buckets'; readonly query: ValueQuery & Series; readonly bucketMs: number };

export type Answer =
  /** `values`: records. */
  | {
      readonly kind: 'values';
      readonly values: Uint8Array;
      readonly formerTypes: readonly FormerType[];
      readonly next: Cursor | undefined;
      readonly progress: number;
    }
  | ({ readonly kind: 'buckets' } & StoredBuckets);

export type ToReader =
  | { readonly kind: 'ask'; readonly id: number; readonly owner: string; readonly question: Question }
  /** Types that a source has declared since the thread was started. */
  | { readonly kind: 'declare'; readonly types: readonly DataType[] }
  /** The result is no longer needed. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' };

export type FromReader =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'refusal'; readonly id: number; readonly why: string };

export type ToThread =
  | { readonly kind: 'events'; readonly bytes: Uint8Array; readonly count: number }
  /** Types that a source has declared since the thread was started. */
  | { readonly kind: 'declare'; readonly types: readonly DataType[] }
  /** Raises the event numbers of everything sent so far. */
  | { readonly kind: 'raise'; readonly by: number }
  /** The reply to `opened`: waiting events may be written, after these holdings. */
  | { readonly kind: 'goOn'; readonly holdings: Holdings }
  | { readonly kind: 'close'; readonly lastSeq: number };

export type FromThread =
  /** SQLite was loaded; comes before `opened` and `waiting`. */
  | { readonly kind: 'loaded'; readonly driver: DriverName }
  /** A file is open, with the state of earlier runs. New events wait for `goOn`. */
  | { readonly kind: 'opened'; readonly restored: PackedRestored | undefined }
  /** No file can be opened yet; retried until `opened`. */
  | { readonly kind: 'waiting'; readonly why: string }
  /** SQLite can not be loaded: there will not be a store. */
  | { readonly kind: 'unavailable'; readonly why: string }
  /** A batch was written to the disk, or dropped. */
  | {
      readonly kind: 'written';
      readonly bytes: number;
      readonly events: number;
      readonly lastSeq: number | undefined;
      readonly values: number;
    }
  | { readonly kind: 'dropped'; readonly bytes: number; readonly events: number }
  /** Writing fails; retried until `recovered`. */
  | { readonly kind: 'failing'; readonly why: string }
  | { readonly kind: 'recovered' }
  /** The file is lost or damaged; no stored values until `opened`. */
  | { readonly kind: 'fileClosed' }
  /** The gateway's holdings were written to the file. */
  | {
      readonly kind: 'takenOver';
      readonly nodes: number;
      readonly events: number;
      readonly lastSeq: number | undefined;
    }
  | { readonly kind: 'setAside'; readonly file: string; readonly why: string }
  /** The thread that checks the file for damage died. */
  | { readonly kind: 'checkDied'; readonly why: string }
  | { readonly kind: 'closed' };
