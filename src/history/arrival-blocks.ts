/**
 * In which order what is stored has come, and how long ago: what deletion goes by. Host clocks of small computers jump by
 * years, so the stamps of values say neither. Numbers of events rise in order of arrival, and time is counted as
 * gateways run with this file.
 *
 * A block is a run of numbers, some 1.5 % of what is kept. Its range of stamps makes its rows quick to find, since values
 * are sorted by stamp. Blocks lie in `meta`, a row each:
 *
 *     block:000000000007 → {"seqs": [first, last], "stamps": [lowest, highest], "ranMs": at its end, "bytes": of events}
 *     ran_ms             → ms for which gateways have run with this file
 */
import type { Database } from 'better-sqlite3';

export interface ArrivalBlock {
  readonly id: number;
  /** Numbers of its events, both ends included. */
  readonly seqs: readonly [first: number, last: number];
  /** Stamps of its values and events, ms since the epoch by the host clock; both ends included. */
  readonly stamps: readonly [lowest: number, highest: number];
  /** ms for which gateways had run with this file when the last of it came. */
  readonly ranMs: number;
  /** Of its events, as they came. */
  readonly bytes: number;
}

export type Arrival = Pick<ArrivalBlock, 'seqs' | 'stamps' | 'bytes'>;

export interface BlockLimits {
  /** ms that values and events are kept. */
  readonly keepMs: number;
  /** Bytes that the file may have in use. */
  readonly maxBytes: number;
}

/** Of what is kept, in time or in bytes, what a block has at most before the next one begins. */
const SHARE = 1 / 64;
/** A block of more than this would hold up writing while it is deleted. */
const MAX_BLOCK_BYTES = 1_048_576;
/** What came before there were blocks is cut into so many. */
const ADOPTED_BLOCKS = 64;
/** Its row in `meta`. */
const RAN = 'ran_ms';
/** SQLite's integers are wider, but a number of JavaScript is not. */
const EVER = Number.MAX_SAFE_INTEGER;

export class ArrivalBlocks {
  readonly #limits: BlockLimits;
  readonly #monotonic: () => number;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #openedAt: number;
  /** `ranMs` when it was opened. */
  readonly #ranBefore: number;
  /** `ranMs` as it was noted last; blocks note it too, but what does not come makes none. */
  #savedMs: number;
  /** The one that what comes is added to, if it is not closed. */
  #current: ArrivalBlock | undefined;
  #lastId: number;

  /** `monotonic`: ms that never go back. */
  constructor(database: Database, limits: BlockLimits, monotonic: () => number) {
    this.#limits = limits;
    this.#monotonic = monotonic;
    this.#statements = prepare(database);
    this.#openedAt = monotonic();
    const last = this.#newest();
    this.#lastId = last?.id ?? 0;
    this.#savedMs = (this.#statements.saved.get() as number | undefined) ?? 0;
    this.#ranBefore = Math.max(last?.ranMs ?? 0, this.#savedMs);
    this.#goOnWith(last);
    database.transaction(() => this.#adopt(last))();
  }

  /** ms for which gateways have run with this file. */
  ranMs(): number {
    return this.#ranBefore + this.#monotonic() - this.#openedAt;
  }

  /** Notes now and then, or `atOnce`, how long gateways have run. */
  saveTime(atOnce = false): void {
    const ranMs = this.ranMs();
    if (!atOnce && ranMs - this.#savedMs < this.#limits.keepMs * SHARE) return;
    this.#statements.put.run(RAN, ranMs);
    this.#savedMs = ranMs;
  }

  /** Notes what has come; to be called in the transaction that stores it. */
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

  /** The transaction was rolled back: what was added in it is not there. */
  onRolledBack(): void {
    this.#goOnWith(this.#newest());
  }

  oldest(): ArrivalBlock | undefined {
    return read(this.#statements.oldest.get());
  }

  /** Nothing more is added to it. */
  close(block: ArrivalBlock): void {
    if (this.#current?.id === block.id) this.#current = undefined;
  }

  /** Nothing of it is left. */
  remove({ id }: ArrivalBlock): void {
    this.#statements.remove.run(nameOf(id));
  }

  #goOnWith(block: ArrivalBlock | undefined): void {
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
    const begunMs = this.#statements.ranBefore.get(nameOf(id)) as number | null;
    return bytes >= Math.min(MAX_BLOCK_BYTES, maxBytes * SHARE) || ranMs - (begunMs ?? 0) >= keepMs * SHARE;
  }

  /**
   * What version 0.1.0 has stored has no blocks. Its stamps are believed as far as they lie in the time that it kept
   * before the last event that came; the others (a clock that was wrong) count as if they came last.
   */
  #adopt(last: ArrivalBlock | undefined): void {
    const covered = last?.seqs[1] ?? -1;
    const newest = this.#statements.newestEvent.get() as { seq: number; at: number } | undefined;
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

/** So many digits that the order of names is that of ids. */
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
    ranBefore: database
      .prepare(`SELECT json_extract(value, '$.ranMs') ${blocks} AND name < ? ORDER BY name DESC LIMIT 1`)
      .pluck(),
    saved: database.prepare(`SELECT value FROM meta WHERE name = '${RAN}'`).pluck(),
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
