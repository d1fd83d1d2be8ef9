/** What the gateway says to the thread that writes the store and to the one that reads it, and they to it. */
import type { Cursor, Series, SeriesQuery, ValueQuery } from '../hub/archive.js';
import type { DataType } from '../protocol/data-types.js';
import type { Holdings } from './holdings.js';
import type { PackedRestored } from './restored.js';
import type { FormerType, StoredBuckets } from './store-reader.js';

export interface StoreSettings {
  readonly file: string;
  /** ms that values and events are kept. */
  readonly keepMs: number;
  /** Bytes of the file. */
  readonly maxBytes: number;
  /** Events of all kinds that a client can resume from. */
  readonly eventsHeld: number;
}

export interface ThreadSettings extends StoreSettings {
  /** As they were read and checked: the thread starts sooner without what that takes. */
  readonly dataTypes: readonly DataType[];
}

/** What the thread that reads is given. */
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
  /** Values: records. */
  | {
      readonly kind: 'values';
      readonly values: Uint8Array;
      readonly formerTypes: readonly FormerType[];
      readonly next: Cursor | undefined;
      readonly progress: number;
    }
  | ({ readonly kind: 'buckets' } & StoredBuckets);

/** Between the gateway and the thread that reads. */
export type ToReader =
  | { readonly kind: 'ask'; readonly id: number; readonly owner: string; readonly question: Question }
  /** Types that a source has declared since the thread was started. */
  | { readonly kind: 'declare'; readonly types: readonly DataType[] }
  /** Nobody waits for it. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' };

export type FromReader =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'refusal'; readonly id: number; readonly why: string };

export type ToThread =
  | { readonly kind: 'events'; readonly bytes: Uint8Array; readonly count: number }
  /** Types that a source has declared since the thread was started. */
  | { readonly kind: 'declare'; readonly types: readonly DataType[] }
  /** The numbers of all that was sent so far are raised. */
  | { readonly kind: 'raise'; readonly by: number }
  /** The answer to `opened`: what waits may be written, after this. */
  | { readonly kind: 'goOn'; readonly holdings: Holdings }
  | { readonly kind: 'close'; readonly lastSeq: number };

export type FromThread =
  /** A file is open, with what earlier runs have left in it. What comes waits for `goOn`. */
  | { readonly kind: 'opened'; readonly restored: PackedRestored | undefined }
  /** No file can be opened now; it is tried again until `opened`. */
  | { readonly kind: 'waiting'; readonly why: string }
  /** There will be no store. */
  | { readonly kind: 'unavailable'; readonly why: string }
  /** A batch is on the disk, or was dropped. */
  | {
      readonly kind: 'written';
      readonly bytes: number;
      readonly events: number;
      readonly lastSeq: number | undefined;
      readonly values: number;
    }
  | { readonly kind: 'dropped'; readonly bytes: number; readonly events: number }
  /** Writing fails; it is tried again until `recovered`. */
  | { readonly kind: 'failing'; readonly why: string }
  | { readonly kind: 'recovered' }
  /** The file is lost or damaged; no values of the past until `opened`. */
  | { readonly kind: 'fileClosed' }
  /** The file has what the gateway held. */
  | {
      readonly kind: 'takenOver';
      readonly nodes: number;
      readonly events: number;
      readonly lastSeq: number | undefined;
    }
  | { readonly kind: 'setAside'; readonly file: string; readonly why: string }
  /** The file was not looked through for damage. */
  | { readonly kind: 'checkDied'; readonly why: string }
  | { readonly kind: 'closed' };
