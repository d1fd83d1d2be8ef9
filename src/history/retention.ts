import type { ArrivalBlock, ArrivalBlocks } from './arrival-blocks.js';
import { type Database, inTransaction } from './database.js';

export interface RetentionSettings {
  /** How long values and events are kept, in ms of running time. */
  readonly keepMs: number;
  /** Maximum bytes in use in the file; the oldest data is deleted first. */
  readonly maxBytes: number;
}

/** Maximum rows deleted per step: a few milliseconds, so that writing is not delayed. */
const ROWS_A_STEP = 2000;
/** Maximum series examined per step. */
const SERIES_A_STEP = 500;
/** Pages returned to the system per step. */
const PAGES_A_STEP = 256;
/** Share of the limit at which deletion starts: the data in the journal comes on top. */
const ENOUGH = 0.98;

/** The block being deleted. */
interface Round {
  readonly block: ArrivalBlock;
  /** Ids of the series that are still to be examined. */
  readonly rest: number[];
}

/** Deletes data that is too old, or beyond the size limit, in order of arrival: a block per round, in small steps. */
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

  /** Performs one step. Returns true if there is more to do. */
  step(): boolean {
    this.#blocks.saveTimeIfDue();
    this.#round ??= this.#begin();
    if (!this.#round) return false;
    this.#advance(this.#round);
    this.#database.exec(`PRAGMA incremental_vacuum(${PAGES_A_STEP})`);
    return this.#round !== undefined || this.#due() !== undefined;
  }

  /** A round that fails starts over: the series that it had done are rolled back. */
  #advance(round: Round): void {
    this.#round = undefined;
    const isDone = inTransaction(this.#database, () => {
      const isEmpty = this.#deleteSome(round);
      if (isEmpty) this.#blocks.remove(round.block);
      return isEmpty;
    });
    if (!isDone) this.#round = round;
  }

  /** Bytes in use, without free pages, which will be reused. */
  usedBytes(): number {
    return this.#statements.usedBytes.value() as number;
  }

  #begin(): Round | undefined {
    const block = this.#due();
    if (!block) return undefined;
    this.#blocks.close(block);
    return { block, rest: this.#statements.series.all().map(({ id }) => Number(id)) };
  }

  /** The oldest block, if it must be deleted. */
  #due(): ArrivalBlock | undefined {
    const block = this.#blocks.oldest();
    if (!block) return undefined;
    const isTooOld = block.ranMs < this.#blocks.ranMs() - this.#settings.keepMs;
    return isTooOld || this.usedBytes() > this.#settings.maxBytes * ENOUGH ? block : undefined;
  }

  /** Returns true when all of the block is deleted. */
  #deleteSome({ block, rest }: Round): boolean {
    const { seqs, stamps } = block;
    let deleted = 0;
    for (let examined = 0; examined < SERIES_A_STEP && deleted < ROWS_A_STEP; examined++) {
      const series = rest[rest.length - 1];
      if (series === undefined) break;
      const changes = this.#statements.deleteValues.run(series, ...stamps, ...seqs, ROWS_A_STEP);
      deleted += changes;
      if (changes < ROWS_A_STEP) rest.pop();
    }
    const events = this.#statements.deleteEvents.run(...seqs, ...stamps, ROWS_A_STEP);
    return rest.length === 0 && events < ROWS_A_STEP;
  }
}

function prepare(database: Database) {
  return {
    series: database.prepare('SELECT id FROM series'),
    usedBytes: database.prepare(
      'SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    ),
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
