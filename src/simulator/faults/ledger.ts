import { Counters } from '../../base/counters.js';
import type { LineFaultName } from './fault.js';

/** Fates of a frame that the root sent. */
export const FATES = {
  pending: 'in transit',
  whole: 'all its bytes, and no others, reached one reader',
  damaged:
    'bytes of it were changed, lost or doubled, or other bytes were inserted; a reader may still have decoded it',
  lost: 'none of its bytes arrived',
  unread: 'no reader had the port open for its entire duration',
} as const;

export type Fate = keyof typeof FATES;

/** A frame that the root sent, before any fault. */
export interface LedgerEntry {
  /** 1, 2, 3 … in the order in which the root sent them. */
  readonly id: number;
  /** Virtual milliseconds. */
  readonly atMs: number;
  /** Unescaped. */
  readonly body: Buffer;
  readonly fate: Fate;
  /** Which faults damaged or lost it. */
  readonly causes: readonly LineFaultName[];
}

type MutableEntry = { -readonly [Key in keyof LedgerEntry]: LedgerEntry[Key] };

/** 100,000 frames of 12 nodes are about two hours, and about 40 MB. */
const DEFAULT_LIMIT = 100_000;

const COUNTED = ['meant', 'whole', 'damaged', 'lost', 'unread', 'forgotten'] as const;

/**
 * Records the fate of every frame that the root sends. The counters include all frames; the oldest entries are dropped
 * (`forgotten`) if they are not taken in time.
 */
export class Ledger {
  readonly counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #limit: number;
  readonly #entries = new Map<number, MutableEntry>();

  /** `limit`: maximum number of entries. */
  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  /** All entries, oldest first. */
  entries(): LedgerEntry[] {
    return [...this.#entries.values()];
  }

  /** Removes and returns the settled entries, oldest first, up to the first that is still pending. */
  take(): LedgerEntry[] {
    const taken: LedgerEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.fate === 'pending') break;
      taken.push(entry);
    }
    for (const { id } of taken) this.#entries.delete(id);
    return taken;
  }

  /** Adds a frame that the root sends. */
  begin(body: Buffer, atMs: number): LedgerEntry {
    this.counters.add('meant');
    const entry: MutableEntry = { id: this.counters.get('meant'), atMs, body, fate: 'pending', causes: [] };
    this.#entries.set(entry.id, entry);
    if (this.#entries.size > this.#limit) this.#forgetOldest();
    return entry;
  }

  /** Sets the final fate of a frame. */
  settle(entry: LedgerEntry, fate: Exclude<Fate, 'pending'>, causes: readonly LineFaultName[]): void {
    this.counters.add(fate);
    Object.assign(entry, { fate, causes });
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest === undefined) return;
    this.#entries.delete(oldest);
    this.counters.add('forgotten');
  }
}
