import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, SqliteDriver } from '../../src/history/database.js';
import { EventWriter, type NodeFacts, readRecords } from '../../src/history/event-record.js';
import type { Holdings } from '../../src/history/holdings.js';
import { requireDriver } from '../../src/history/load-driver.js';
import { ReadConnection } from '../../src/history/read-connection.js';
import { unpackRestored } from '../../src/history/restored.js';
import { Store } from '../../src/history/store.js';
import type { Answer, FromThread, Question, StoreSettings } from '../../src/history/thread-messages.js';
import type { ArchivedValue, Cursor } from '../../src/hub/archive.js';
import type { HubEvent, Restored } from '../../src/hub/hub.js';
import { temporaryFolder } from './gateway-fixture.js';
import { ManualClock } from './manual-clock.js';
import { shippedTables } from './tables.js';

export const DAY_MS = 86_400_000;

/** The SQLite that the history uses on this Node. */
export const sqlite = await requireDriver();

/** The store alone, in this thread, with time by hand. */
export class StoreFixture {
  readonly clock: ManualClock;
  readonly folder: string;
  readonly reported: FromThread[] = [];
  #database: Database | undefined;
  readonly #settings: Partial<StoreSettings>;
  /** The state of the gateway in memory: its answer to each file that is opened later. */
  holdings: Holdings = { nodes: [], latest: new Uint8Array(0), alarms: [], lists: [], events: [] };
  store: Store;

  constructor(
    settings: Partial<StoreSettings> = {},
    before: (file: string) => void = () => {},
    startsAt?: number,
  ) {
    const folder = temporaryFolder();
    folders.add(folder);
    this.clock = new ManualClock(startsAt);
    this.folder = folder.path;
    this.#settings = settings;
    before(this.file);
    this.store = this.#open();
  }

  get file(): string {
    return join(this.folder, 'history.db');
  }

  /** Writes events as one batch. */
  write(...events: readonly HubEvent[]): void {
    this.writeWith(undefined, ...events);
  }

  writeWith(facts: NodeFacts | undefined, ...events: readonly HubEvent[]): void {
    const writer = new EventWriter(64);
    for (const event of events) writer.write(event, event.kind === 'node' ? facts : undefined);
    this.store.write({ bytes: writer.take(), count: events.length });
  }

  /** Ends the store like a killed process, and opens it again. */
  reopen(settings: Partial<StoreSettings> = this.#settings): void {
    this.store = this.#open(settings);
  }

  /** Closes it cleanly, and opens it again. */
  restart(lastSeq: number): void {
    this.store.close(lastSeq);
    this.reopen();
  }

  restored(eventsHeld = 1000): Restored | undefined {
    return this.store.restored && unpackRestored(this.store.restored, shippedTables, eventsHeld);
  }

  values(question: Question): ArchivedValue[] {
    return this.page(question).values;
  }

  page(question: Question): { values: ArchivedValue[]; next: Cursor | undefined; progress: number } {
    const answer = this.answer(question);
    if (answer.kind !== 'values') throw new Error('no values');
    const values = [...readRecords(answer.values)].flatMap((record) => {
      if (record.kind !== 'value') return [];
      const { node, typeId, receivedAt, bytes } = record;
      return [{ node, typeId, value: { receivedAt, bytes } }];
    });
    return { values, next: answer.next, progress: answer.progress };
  }

  /** The messages of the thread that reads the store. */
  answer(question: Question): Answer {
    const connection = new ReadConnection({
      driver: sqlite,
      file: this.file,
      dataTypes: shippedTables.dataTypes,
    });
    const work = connection.run(question);
    try {
      for (;;) {
        const { done, value } = work.next();
        if (done) return value;
      }
    } finally {
      connection.close();
    }
  }

  /** Lets it tidy until nothing more can be done at once. */
  tidy(): void {
    for (let step = 0; this.store.tidy(); step++) if (step > 10_000) throw new Error('tidying does not end');
  }

  /** Paths of all files in its folder. */
  files(): string[] {
    return readdirSync(this.folder).map((name) => join(this.folder, name));
  }

  /** The file as another program sees it. */
  query(sql: string): unknown[] {
    const database = sqlite.open(this.file, { isReadOnly: true });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  }

  /** From now on the disk has this many pages left for the file; as many as it wants where none are given. */
  limitPages(pages: number | undefined): void {
    this.#database?.exec(`PRAGMA max_page_count = ${pages ?? 1_000_000_000}`);
  }

  pageCount(): number {
    return this.#database?.prepare('PRAGMA page_count').value() as number;
  }

  /** Keeps the database that is opened. */
  #driver(): SqliteDriver {
    return {
      name: sqlite.name,
      open: (file, options) => {
        this.#database = sqlite.open(file, options);
        return this.#database;
      },
    };
  }

  #open(settings = this.#settings): Store {
    return new Store({
      driver: this.#driver(),
      settings: {
        file: this.file,
        keepMs: 30 * DAY_MS,
        maxBytes: 1 << 30,
        eventsHeld: 1000,
        ...settings,
      },
      dataTypes: shippedTables.dataTypes,
      now: () => this.clock.now(),
      monotonic: () => this.clock.monotonic(),
      report: (message) => {
        this.reported.push(message);
        if (message.kind === 'opened') this.store.goOn(this.holdings);
      },
    });
  }
}

const folders = new Set<{ remove(): void }>();

/** Call this at the end of a test file. */
export function removeStores(): void {
  for (const folder of folders) folder.remove();
}
