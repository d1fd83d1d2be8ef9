import type { Database } from 'better-sqlite3';

export interface RetentionSettings {
  /** ms that values and events are kept. */
  readonly keepMs: number;
  /** Bytes that the file may have in use; what is oldest goes first. */
  readonly maxBytes: number;
}

/** Rows that one step deletes at most: some milliseconds, so that writing is not held up. */
const ROWS_A_STEP = 2000;
/** Series that one step looks at. */
const SERIES_A_STEP = 500;
/** Pages that one step gives back to the system. */
const PAGES_A_STEP = 256;
/** Of what lies in the file, in time, what goes in one round when it is too large. */
const SHARE_A_ROUND = 0.02;
/** Of its limit, what the file may have in use before a round begins: what waits in the journal comes on top. */
const ENOUGH = 0.98;

interface Span {
  readonly oldest: number | null;
  readonly newest: number | null;
}

/** Deletes what is too old, or too much, in small steps. */
export class Retention {
  readonly #database: Database;
  readonly #settings: RetentionSettings;
  readonly #statements: ReturnType<typeof prepare>;
  /** Ids of series that the round under way has yet to look at. */
  #rest: number[] = [];
  #cutoff = 0;

  constructor(database: Database, settings: RetentionSettings) {
    this.#database = database;
    this.#settings = settings;
    this.#statements = prepare(database);
  }

  /**
   * One step; to be called again and again. `now`: ms since the epoch, by a clock that did not jump ahead. Returns true
   * when there is more to do at once.
   */
  step(now: number): boolean {
    if (this.#rest.length === 0) this.#begin(now);
    const deleted = this.#deleteValues() + this.#deleteEvents();
    this.#database.pragma(`incremental_vacuum(${PAGES_A_STEP})`);
    return this.#rest.length > 0 || (deleted > 0 && this.#isTooLarge());
  }

  /** ms since the epoch of the newest that is stored. */
  newest(): number | undefined {
    return (this.#statements.newest.get() as number | null) ?? undefined;
  }

  /** Bytes in use: pages that are free will be written to again. */
  usedBytes(): number {
    const pragma = (name: string) => this.#database.pragma(name, { simple: true }) as number;
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  }

  #isTooLarge(): boolean {
    return this.usedBytes() > this.#settings.maxBytes * ENOUGH;
  }

  #begin(now: number): void {
    this.#cutoff = now - this.#settings.keepMs;
    if (this.#isTooLarge()) this.#cutoff = Math.max(this.#cutoff, this.#earlier());
    this.#rest = this.#statements.series.all() as number[];
  }

  /** What lies before it is the oldest small part of the file. */
  #earlier(): number {
    const { oldest, newest } = this.#statements.span.get() as Span;
    if (oldest === null || newest === null) return 0;
    return oldest + Math.max(1, (newest - oldest) * SHARE_A_ROUND);
  }

  #deleteValues(): number {
    let deleted = 0;
    for (let looked = 0; looked < SERIES_A_STEP && deleted < ROWS_A_STEP; looked++) {
      const series = this.#rest[this.#rest.length - 1];
      if (series === undefined) break;
      const { changes } = this.#statements.deleteValues.run(series, this.#cutoff, ROWS_A_STEP);
      deleted += changes;
      if (changes < ROWS_A_STEP) this.#rest.pop();
    }
    return deleted;
  }

  #deleteEvents(): number {
    return this.#statements.deleteEvents.run(this.#cutoff, ROWS_A_STEP).changes;
  }
}

function prepare(database: Database) {
  return {
    series: database.prepare('SELECT id FROM series').pluck(),
    newest: database
      .prepare(
        'SELECT max(newest) FROM (SELECT max(last_received_at) AS newest FROM series UNION ALL SELECT max(at) FROM event)',
      )
      .pluck(),
    span: database.prepare(
      `SELECT min(oldest) AS oldest, max(newest) AS newest FROM (
         SELECT (SELECT min(received_at) FROM value WHERE series = series.id) AS oldest, last_received_at AS newest
         FROM series
         UNION ALL SELECT min(at), max(at) FROM event)`,
    ),
    deleteValues: database.prepare(
      `DELETE FROM value WHERE (series, received_at, seq) IN (
         SELECT series, received_at, seq FROM value WHERE series = ? AND received_at < ?
         ORDER BY received_at, seq LIMIT ?)`,
    ),
    deleteEvents: database.prepare(
      'DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE at < ? ORDER BY at LIMIT ?)',
    ),
  };
}
