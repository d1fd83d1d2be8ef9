/**
 * The order and age of the stored data, by which it is deleted. The host clock of a small computer jumps by years, so
 * time stamps show neither. Event numbers ascend in order of arrival, and age is the time that gateways have run with
 * this file.
 *
 * A block is a range of event numbers, about 1.5 % of the data that is kept. Values are sorted by time stamp, so a block
 * also has the range of its stamps, by which its rows are found quickly. Blocks are rows in `meta`:
 *
 *     block:000000000007 → {"seqs": [first, last], "stamps": [lowest, highest], "ranMs": at its end, "bytes": of events}
 *     ran_ms             → ms that gateways have run with this file
 */
import { type Database, inTransaction } from './database.js';

export interface ArrivalBlock {
  readonly id: number;
  /** Event numbers, both ends included. */
  readonly seqs: readonly [first: number, last: number];
  /** Time stamps of its values and events, ms since the epoch by the host clock; both ends included. */
  readonly stamps: readonly [lowest: number, highest: number];
  /** ms that gateways had run with this file when its last event arrived. */
  readonly ranMs: number;
  /** Size of its events' records. */
  readonly bytes: number;
}

export type Arrival = Pick<ArrivalBlock, 'seqs' | 'stamps' | 'bytes'>;

export interface BlockLimits {
  /** How long values and events are kept, in ms. */
  readonly keepMs: number;
  /** Maximum bytes in use in the file. */
  readonly maxBytes: number;
}

/** Maximum share of the limits, in time or in bytes, that one block covers. */
const SHARE = 1 / 64;
/** Deleting a larger block would delay writing. */
const MAX_BLOCK_BYTES = 1_048_576;
/** Number of blocks into which the data of version 0.1.0, which had no blocks, is divided. */
const ADOPTED_BLOCKS = 64;
/** Row in `meta` of the running time. */
const RAN = 'ran_ms';
/** SQLite's integers are wider than JavaScript's safe integers. */
const EVER = Number.MAX_SAFE_INTEGER;

export class ArrivalBlocks {
  readonly #database: Database;
  readonly #limits: BlockLimits;
  readonly #monotonic: () => number;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #openedAt: number;
  /** `ranMs` when the file was opened. */
  readonly #ranBefore: number;
  /** `ranMs` as last saved; blocks save it too, but without events there are no blocks. */
  #savedMs: number;
  /** The block that new events are added to, unless it is closed. */
  #current: ArrivalBlock | undefined;
  #lastId: number;

  /** `monotonic`: a clock in ms that never goes back. */
  constructor(database: Database, limits: BlockLimits, monotonic: () => number) {
    this.#database = database;
    this.#limits = limits;
    this.#monotonic = monotonic;
    this.#statements = prepare(database);
    this.#openedAt = monotonic();
    const last = this.#newest();
    this.#lastId = last?.id ?? 0;
    this.#savedMs = (this.#statements.saved.value() as number | undefined) ?? 0;
    this.#ranBefore = Math.max(last?.ranMs ?? 0, this.#savedMs);
    this.#resumeWith(last);
    inTransaction(database, () => this.#adopt(last));
  }

  /** ms that gateways have run with this file. */
  ranMs(): number {
    return this.#ranBefore + this.#monotonic() - this.#openedAt;
  }

  /** Saves the running time if enough has passed since the last save. */
  saveTimeIfDue(): void {
    if (this.ranMs() - this.#savedMs < this.#limits.keepMs * SHARE) return;
    inTransaction(this.#database, () => this.saveTime());
  }

  /** To be called in a transaction. */
  saveTime(): void {
    const ranMs = this.ranMs();
    this.#statements.put.run(RAN, ranMs);
    this.#savedMs = ranMs;
  }

  /** Records new data; to be called in the transaction that stores it. */
  add({ seqs, stamps, bytes }: Arrival): void {
    const block = this.#current ?? this.#begin(seqs[0]);
    const grown: ArrivalBlock = {
      id: block.id,
      seqs: [Math.min(block.seqs[0], seqs[0]), Math.max(block.seqs[1], seqs[1])],
      stamps: [Math.min(block.stamps[0], stamps[0]), Math.max(block.stamps[1], stamps[1])],
      ranMs: this.ranMs(),
      bytes: block.bytes + bytes,
    };
    this.#put(grown);
    this.#current = this.#isFull(grown) ? undefined : grown;
  }

  /** The transaction was rolled back, and with it the last `add`. */
  onRolledBack(): void {
    this.#resumeWith(this.#newest());
  }

  oldest(): ArrivalBlock | undefined {
    return read(this.#statements.oldest.get());
  }

  /** New data goes to the next block. */
  close(block: ArrivalBlock): void {
    if (this.#current?.id === block.id) this.#current = undefined;
  }

  /** All of its data was deleted. */
  remove({ id }: ArrivalBlock): void {
    this.#statements.remove.run(nameOf(id));
  }

  #resumeWith(block: ArrivalBlock | undefined): void {
    this.#current = block && !this.#isFull(block) ? block : undefined;
  }

  #newest(): ArrivalBlock | undefined {
    return read(this.#statements.newest.get());
  }

  #begin(seq: number): ArrivalBlock {
    const id = ++this.#lastId;
    return { id, seqs: [seq, seq], stamps: [EVER, -EVER], ranMs: this.ranMs(), bytes: 0 };
  }

  #put({ id, ...block }: ArrivalBlock): void {
    this.#statements.put.run(nameOf(id), JSON.stringify(block));
  }

  #isFull({ id, bytes, ranMs }: ArrivalBlock): boolean {
    const { keepMs, maxBytes } = this.#limits;
    const begunMs = this.#statements.ranBefore.value(nameOf(id)) as number | null | undefined;
    return bytes >= Math.min(MAX_BLOCK_BYTES, maxBytes * SHARE) || ranMs - (begunMs ?? 0) >= keepMs * SHARE;
  }

  /**
   * Data stored by version 0.1.0 has no blocks. Its time stamps are trusted if they are within the retention time before
   * the last event; data with other stamps (the clock was wrong) is treated as the newest.
   */
  #adopt(last: ArrivalBlock | undefined): void {
    const covered = last?.seqs[1] ?? -1;
    const newest = this.#statements.newestEvent.get() as unknown as { seq: number; at: number } | undefined;
    if (newest === undefined || newest.seq <= covered) return;
    this.#current = undefined;
    const seqs = [covered + 1, newest.seq] as const;
    const from = newest.at - this.#limits.keepMs;
    const step = this.#limits.keepMs / ADOPTED_BLOCKS;
    for (let index = 0; index < ADOPTED_BLOCKS; index++) {
      const [begin, end] = [Math.round(from + index * step), Math.round(from + (index + 1) * step)];
      const ranMs = this.#ranBefore - (newest.at - end);
      const stamps = [begin, index === ADOPTED_BLOCKS - 1 ? newest.at : end - 1] as const;
      this.#put({ id: ++this.#lastId, seqs, stamps, ranMs, bytes: 0 });
    }
    for (const stamps of [[-EVER, Math.round(from) - 1] as const, [newest.at + 1, EVER] as const]) {
      this.#put({ id: ++this.#lastId, seqs, stamps, ranMs: this.#ranBefore, bytes: 0 });
    }
  }
}

/** Padded so that names sort like ids. */
function nameOf(id: number): string {
  return `block:${String(id).padStart(12, '0')}`;
}

function read(row: unknown): ArrivalBlock | undefined {
  if (typeof row !== 'object' || row === null) return undefined;
  const { name, value } = row as { name: string; value: string };
  return { id: Number(name.slice('block:'.length)), ...(JSON.parse(value) as Omit<ArrivalBlock, 'id'>) };
}

function prepare(database: Database) {
  const blocks = `FROM meta WHERE name >= 'block:' AND name < 'block;'`;
  return {
    oldest: database.prepare(`SELECT name, value ${blocks} ORDER BY name LIMIT 1`),
    newest: database.prepare(`SELECT name, value ${blocks} ORDER BY name DESC LIMIT 1`),
    ranBefore: database.prepare(
      `SELECT json_extract(value, '$.ranMs') ${blocks} AND name < ? ORDER BY name DESC LIMIT 1`,
    ),
    saved: database.prepare(`SELECT value FROM meta WHERE name = '${RAN}'`),
    put: database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)'),
    remove: database.prepare('DELETE FROM meta WHERE name = ?'),
    newestEvent: database.prepare(
      `SELECT seq, at FROM (
         SELECT * FROM (SELECT last_seq AS seq, last_received_at AS at FROM series
                        WHERE last_seq IS NOT NULL ORDER BY last_seq DESC LIMIT 1)
         UNION ALL SELECT * FROM (SELECT seq, at FROM event ORDER BY seq DESC LIMIT 1))
       ORDER BY seq DESC LIMIT 1`,
    ),
  };
}
