import { Counters } from '../../base/counters.js';
import type { LineFaultName } from './fault.js';

/** What became of a frame that the root meant to send. */
export const FATES = {
  pending: 'on the line',
  whole: 'every byte of it, and none between, reached one reader',
  damaged:
    'bytes of it were changed, lost or doubled, or others came between; a reader may still have made something of it',
  lost: 'nothing of it came through',
  unread: 'nobody had the port open for the whole of it',
} as const;

export type Fate = keyof typeof FATES;

/** A frame that the root meant to send. */
export interface LedgerEntry {
  /** 1, 2, 3 … in the order in which the root sent them. */
  readonly id: number;
  /** Virtual milliseconds. */
  readonly atMs: number;
  /** What the root said, unescaped. */
  readonly body: Buffer;
  readonly fate: Fate;
  /** Which faults damaged or lost it. */
  readonly causes: readonly LineFaultName[];
}

type Open = { -readonly [Key in keyof LedgerEntry]: LedgerEntry[Key] };

/** 100,000 frames of 12 nodes are about two hours, and about 40 MB. */
const DEFAULT_LIMIT = 100_000;

const COUNTED = ['meant', 'whole', 'damaged', 'lost', 'unread', 'forgotten'] as const;

/**
 * An account of every frame that the root meant to send. The counts are of all; of the entries the oldest make room
 * (`forgotten`) when nobody takes them in time.
 */
export class Ledger {
  readonly counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #limit: number;
  readonly #entries = new Map<number, Open>();

  /** `limit`: entries that are held. */
  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  /** The entries that are held, oldest first. */
  entries(): LedgerEntry[] {
    return [...this.#entries.values()];
  }

  /** Takes out the entries whose fate is known, oldest first, up to the first that is still on the line. */
  take(): LedgerEntry[] {
    const taken: LedgerEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.fate === 'pending') break;
      taken.push(entry);
    }
    for (const { id } of taken) this.#entries.delete(id);
    return taken;
  }

  /** The root sends a frame. */
  begin(body: Buffer, atMs: number): LedgerEntry {
    this.counters.add('meant');
    const entry: Open = { id: this.counters.get('meant'), atMs, body, fate: 'pending', causes: [] };
    this.#entries.set(entry.id, entry);
    if (this.#entries.size > this.#limit) this.#forgetOldest();
    return entry;
  }

  /** Its fate is known, and final. */
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
