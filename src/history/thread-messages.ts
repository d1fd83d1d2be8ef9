/** What the gateway and the thread that has the store say to each other. */
import type { Place, Series, Stretch, ValueQuery } from '../network/archive.js';
import type { Bucket } from '../network/buckets.js';
import type { DataType } from '../protocol/data-types.js';
import type { Holdings } from './holdings.js';
import type { PackedRestored } from './restored.js';

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

export type Question =
  | {
      readonly kind: 'read';
      readonly query: ValueQuery;
      readonly limit: number;
      readonly behind: Place | undefined;
    }
  | {
      readonly kind: 'current';
      readonly typeId: number;
      readonly time: number;
      readonly node: number | undefined;
    }
  | {
      readonly kind: 'buckets';
      readonly series: Series;
      readonly stretch: Stretch;
      readonly bucketMs: number;
    }
  /** Answered after all that came before it has been written, or could not be. */
  | { readonly kind: 'flush' };

export type Answer =
  /** Values: records. */
  | {
      readonly kind: 'values';
      readonly values: Uint8Array;
      readonly next: Place | undefined;
      readonly progress: number;
    }
  | { readonly kind: 'buckets'; readonly buckets: Bucket[] }
  | { readonly kind: 'flushed' };

export type ToThread =
  | { readonly kind: 'events'; readonly bytes: Uint8Array; readonly count: number }
  /** The numbers of all that was sent so far are raised. */
  | { readonly kind: 'raise'; readonly by: number }
  /** The answer to `opened`: what waits may be written, after this. */
  | { readonly kind: 'goOn'; readonly holdings: Holdings }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
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
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'refusal'; readonly id: number; readonly why: string }
  | { readonly kind: 'closed' };
