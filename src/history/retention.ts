import type { Database } from 'better-sqlite3';
import type { ArrivalBlock, ArrivalBlocks } from './arrival-blocks.js';

export interface RetentionSettings {
  /** ms that values and events are kept, while a gateway runs. */
  readonly keepMs: number;
  /** Bytes that the file may have in use; what came first goes first. */
  readonly maxBytes: number;
}

/** Rows that one step deletes at most: some milliseconds, so that writing is not held up. */
const ROWS_A_STEP = 2000;
/** Series that one step looks at. */
const SERIES_A_STEP = 500;
/** Pages that one step gives back to the system. */
const PAGES_A_STEP = 256;
/** Of its limit, what the file may have in use before a round begins: what waits in the journal comes on top. */
const ENOUGH = 0.98;

/** What is being deleted. */
interface Round {
  readonly block: ArrivalBlock;
  /** Ids of series that have yet to be looked at. */
  readonly rest: number[];
}

/** Deletes what is too old, or too much, in order of arrival, in small steps: a block a round. */
export class Retention {
  readonly #database: Database;
  readonly #settings: RetentionSettings;
  readonly #blocks: ArrivalBlocks;
  readonly #statements: ReturnType<typeof prepare>;
  #round: Round | undefined;

  constructor(database: Database, settings: RetentionSettings, blocks: ArrivalBlocks) {
    this.#database = database;
    this.#settings = settings;
    this.#blocks = blocks;
    this.#statements = prepare(database);
  }

  /** One step; to be called again and again. Returns true when there is more to do at once. */
  step(): boolean {
    this.#blocks.saveTime();
    this.#round ??= this.#begin();
    if (!this.#round) return false;
    const isDone = this.#deleteSome(this.#round);
    if (isDone) {
      this.#blocks.remove(this.#round.block);
      this.#round = undefined;
    }
    this.#database.pragma(`incremental_vacuum(${PAGES_A_STEP})`);
    return this.#round !== undefined || this.#due() !== undefined;
  }

  /** Bytes in use: pages that are free will be written to again. */
  usedBytes(): number {
    const pragma = (name: string) => this.#database.pragma(name, { simple: true }) as number;
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  }

  #begin(): Round | undefined {
    const block = this.#due();
    if (!block) return undefined;
    this.#blocks.close(block);
    return { block, rest: this.#statements.series.all() as number[] };
  }

  /** The block that came first, if it has to go. */
  #due(): ArrivalBlock | undefined {
    const block = this.#blocks.oldest();
    if (!block) return undefined;
    const isTooOld = block.ranMs < this.#blocks.ranMs() - this.#settings.keepMs;
    return isTooOld || this.usedBytes() > this.#settings.maxBytes * ENOUGH ? block : undefined;
  }

  /** Returns true when nothing is left of the block. */
  #deleteSome({ block, rest }: Round): boolean {
    const { seqs, stamps } = block;
    let deleted = 0;
    for (let looked = 0; looked < SERIES_A_STEP && deleted < ROWS_A_STEP; looked++) {
      const series = rest[rest.length - 1];
      if (series === undefined) break;
      const { changes } = this.#statements.deleteValues.run(series, ...stamps, ...seqs, ROWS_A_STEP);
      deleted += changes;
      if (changes < ROWS_A_STEP) rest.pop();
    }
    const events = this.#statements.deleteEvents.run(...seqs, ...stamps, ROWS_A_STEP).changes;
    return rest.length === 0 && events < ROWS_A_STEP;
  }
}

function prepare(database: Database) {
  return {
    series: database.prepare('SELECT id FROM series').pluck(),
    deleteValues: database.prepare(
      `DELETE FROM value WHERE (series, received_at, seq) IN (
         SELECT series, received_at, seq FROM value
         WHERE series = ? AND received_at BETWEEN ? AND ? AND seq BETWEEN ? AND ?
         ORDER BY received_at, seq LIMIT ?)`,
    ),
    deleteEvents: database.prepare(
      `DELETE FROM event WHERE seq IN (
         SELECT seq FROM event WHERE seq BETWEEN ? AND ? AND at BETWEEN ? AND ? ORDER BY seq LIMIT ?)`,
    ),
  };
}
