import type { Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import type { Log } from '../base/log.js';
import {
  type Archive,
  type ArchivedBuckets,
  type ArchivedValue,
  ArchiveError,
  type ArchivePage,
  type ArchiveStatus,
  type Asker,
  type Cursor,
  type Series,
  type SeriesQuery,
  type ValueQuery,
} from '../hub/archive.js';
import type { Hub, HubEvent, Restored } from '../hub/hub.js';
import type { DataType } from '../protocol/data-types.js';
import type { Tables } from '../protocol/message.js';
import { pageOf } from './answer-page.js';
import type { DriverName } from './database.js';
import type { NodeFacts } from './event-record.js';
import { gatherHoldings, type Holdings } from './holdings.js';
import { LastEvents } from './last-events.js';
import { ReaderClient } from './reader-client.js';
import { type PackedRestored, unpackRestored } from './restored.js';
import { StoreFault } from './store-fault.js';
import { ThreadClient, type ThreadNews } from './thread-client.js';
import type { Answer, Question, StoreSettings } from './thread-messages.js';
import { WriteQueue } from './write-queue.js';

/** Delay before a dead thread is restarted. */
const RESTART_MS = 10_000;

const COUNTED = ['events', 'values', 'batches', 'dropped', 'failures', 'setAside', 'takenOver'] as const;

/** For a file that is opened before the first event. */
const NOTHING: Holdings = { nodes: [], latest: new Uint8Array(0), alarms: [], lists: [], events: [] };

export interface HistoryOptions {
  readonly settings: StoreSettings;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly log: Log;
  /** Provides values while no file is open. */
  readonly memory: Archive;
  /** Why the store can not be opened or written; undefined once it works again. Not called before `attach`. */
  readonly onFailing: (why: string | undefined) => void;
  /**
   * The file of an earlier run was opened only after events of this run had been numbered. `onNumbered` must be called
   * before the next event, with the amount by which their numbers are raised to be above those of the file.
   */
  readonly onRestoredLate: (restored: Restored, onNumbered: (raisedBy: number) => void) => void;
}

/** `fault`: why history stays in memory. A file that can not be opened yet is retried instead. */
export type OpenedHistory =
  | { readonly history: History; readonly restored: Restored | undefined }
  | { readonly history: undefined; readonly fault: string };

/** The history on disk: sends every event to the thread that writes the store, and reads through another one. */
export class History implements Archive {
  readonly #options: HistoryOptions;
  readonly #reader: ReaderClient;
  readonly #queue: WriteQueue;
  readonly #fault: StoreFault;
  readonly #counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #lastEvents = new LastEvents();
  #hub: Hub | undefined;
  #thread: ThreadClient | undefined;
  #driver: DriverName | undefined;
  /** The thread has a file; else values come from memory. */
  #isOpen = false;
  /** The state of earlier runs was taken from a file, or there was none. */
  #hasRestored = false;
  #lastSeq = 0;
  /** Events lost with a thread, until it is known how many of them were still in memory. */
  #lostEvents = 0;
  /** Number of the last event that is on the disk, or that came before `attach`. */
  #settledSeq = -1;
  #storedSeq: number | undefined;
  #isClosing = false;
  #joining: Promise<void> | undefined;
  #unsubscribe: () => void = () => {};

  private constructor(options: HistoryOptions) {
    const { settings, tables, clock, log } = options;
    this.#options = options;
    const reading = { file: settings.file, dataTypes: tables.dataTypes.all() };
    const onDeath = (why: string) =>
      log.error('reader died', `the thread that reads the history died: ${why}`);
    this.#reader = new ReaderClient(reading, clock, onDeath);
    this.#queue = new WriteQueue(clock, (bytes, count) =>
      this.#thread?.post({ kind: 'events', bytes, count }, [bytes.buffer]),
    );
    this.#fault = new StoreFault(log, (why) => this.#hub && options.onFailing(why));
  }

  /** Opens the store and reads the state of earlier runs. Never rejects. */
  static async open(options: HistoryOptions): Promise<OpenedHistory> {
    const history = new History(options);
    const thread = history.#startThread();
    const first = await thread.opened;
    if (first.kind === 'unavailable') {
      history.#isClosing = true;
      await thread.end();
      return { history: undefined, fault: first.why };
    }
    if (first.kind === 'waiting') {
      history.#onFailing(first.why);
      return { history, restored: undefined };
    }
    history.#isOpen = true;
    const restored = history.#unpack(first.restored);
    thread.post({ kind: 'goOn', holdings: NOTHING });
    return { history, restored };
  }

  /** Records every event from now on. */
  attach(hub: Hub): void {
    this.#hub = hub;
    this.#lastSeq = hub.feed.lastSeq();
    this.#settledSeq = this.#lastSeq;
    this.#unsubscribe = hub.feed.subscribe((event) => this.#record(event, factsOf(event, hub)));
    if (this.#fault.why !== undefined) this.#options.onFailing(this.#fault.why);
  }

  async read(
    query: ValueQuery,
    limit: number,
    after: Cursor | undefined,
    asker: Asker,
  ): Promise<ArchivePage> {
    if (!this.#isOpen) return this.#options.memory.read(query, limit, after, asker);
    return this.#page({ kind: 'read', query, limit, after }, asker);
  }

  async current(query: SeriesQuery, time: number, asker: Asker): Promise<readonly ArchivedValue[]> {
    if (!this.#isOpen) return this.#options.memory.current(query, time, asker);
    return (await this.#page({ kind: 'current', query, time }, asker)).values;
  }

  async buckets(query: ValueQuery & Series, bucketMs: number, asker: Asker): Promise<ArchivedBuckets> {
    if (!this.#isOpen) return this.#options.memory.buckets(query, bucketMs, asker);
    const answer = await this.#ask({ kind: 'buckets', query, bucketMs }, asker);
    return answer.kind === 'buckets' ? answer : { buckets: [], undecoded: 0 };
  }

  declare(types: readonly DataType[]): void {
    this.#reader.declare(types);
    this.#thread?.post({ kind: 'declare', types });
  }

  async flush(): Promise<void> {
    const seq = this.#lastSeq;
    await this.#untilWritten();
    if ((this.#storedSeq ?? 0) < seq)
      throw new ArchiveError('failed', this.#fault.why ?? 'events were dropped');
  }

  status(): ArchiveStatus {
    return {
      ...(this.#isOpen && { file: this.#options.settings.file }),
      counters: { ...this.#counters.snapshot(), ...this.#reader.counters() },
      ...(this.#driver !== undefined && { driver: this.#driver }),
      ...(this.#fault.why !== undefined && { fault: this.#fault.why }),
      ...(this.#storedSeq !== undefined && { storedSeq: this.#storedSeq }),
    };
  }

  /** Ends the reads in progress, so that events can be written; later reads are refused. */
  stopReading(): Promise<void> {
    return this.#reader.close();
  }

  /** Writes the remaining events, for `limitMs` at most. Resolves with the number of events that are lost. */
  async close(limitMs?: number): Promise<number> {
    if (this.#isClosing) return 0;
    this.#unsubscribe();
    this.#queue.flush();
    this.#isClosing = true;
    await this.stopReading();
    await this.#joining;
    const before = this.#counters.get('dropped');
    await this.#thread?.close(this.#lastSeq, limitMs);
    this.#queue.stopWaiting();
    return this.#countLost(before);
  }

  /** Events dropped since `before`, lost with a dead thread, or unwritten when the thread ended. */
  #countLost(before: number): number {
    this.#counters.add('dropped', this.#lostEvents + this.#queue.unwrittenEvents);
    const lost = this.#counters.get('dropped') - before;
    if (lost === 0) return 0;
    const why = this.#fault.why ?? 'the disk was too slow';
    this.#options.log.warn('lost at the end', `${lost} events were not stored before the end: ${why}`);
    return lost;
  }

  #startThread(): ThreadClient {
    const { settings, tables, clock } = this.#options;
    const thread = new ThreadClient({ ...settings, dataTypes: tables.dataTypes.all() }, clock, {
      onNews: (news) => this.#onNews(news, thread),
      onDeath: (why) => this.#onThreadDeath(why),
    });
    this.#thread = thread;
    return thread;
  }

  #unpack(packed: PackedRestored | undefined): Restored | undefined {
    this.#hasRestored = true;
    if (!packed) return undefined;
    for (const event of packed.lists) this.#lastEvents.restore(event);
    const { tables, settings } = this.#options;
    return unpackRestored(packed, tables, settings.eventsHeld);
  }

  /** A file was opened while the gateway was running: each gets from the other what it lacks. */
  async #join(packed: PackedRestored | undefined, thread: ThreadClient): Promise<void> {
    this.#isOpen = true;
    const hub = this.#hub;
    if (!hub) return thread.post({ kind: 'goOn', holdings: NOTHING });
    this.#queue.flush();
    const restored = this.#hasRestored ? undefined : this.#unpack(packed);
    if (restored) this.#onRestoredLate(restored, hub, thread);
    const isNew = packed === undefined;
    const lists = isNew ? this.#lastEvents.all() : [];
    const holdings = await gatherHoldings(hub, lists, isNew ? -1 : this.#settledSeq);
    thread.post({ kind: 'goOn', holdings });
  }

  #onRestoredLate(restored: Restored, hub: Hub, thread: ThreadClient): void {
    this.#options.onRestoredLate(restored, (by) => {
      if (by === 0) return;
      thread.post({ kind: 'raise', by });
      this.#lastSeq = hub.feed.lastSeq();
      this.#settledSeq = this.#lastSeq;
    });
  }

  #record(event: HubEvent, facts: NodeFacts | undefined): void {
    this.#lastSeq = event.seq;
    this.#lastEvents.note(event);
    if (!this.#thread) {
      this.#lostEvents++;
      return;
    }
    this.#counters.add(this.#queue.add(event, facts) ? 'events' : 'dropped');
  }

  async #ask(question: Question, asker: Asker): Promise<Answer> {
    if (!this.#thread || this.#isClosing) throw new ArchiveError('closed');
    await this.#untilWritten();
    return this.#reader.ask(question, asker);
  }

  async #page(question: Question, asker: Asker): Promise<ArchivePage> {
    return pageOf(await this.#ask(question, asker), this.#options.tables.dataTypes);
  }

  /** So that reads include the latest events. Does not wait for a failing disk. */
  async #untilWritten(): Promise<void> {
    this.#queue.flush();
    if (this.#fault.why === undefined) await this.#queue.untilSettled();
  }

  #onNews(news: ThreadNews, thread: ThreadClient): void {
    switch (news.kind) {
      case 'loaded':
        this.#driver = news.driver;
        break;
      case 'opened':
        this.#joining = this.#join(news.restored, thread);
        break;
      case 'fileClosed':
        this.#isOpen = false;
        break;
      case 'takenOver':
        this.#onTakenOver(news);
        break;
      case 'written':
        this.#onWritten(news);
        break;
      case 'dropped':
        this.#queue.onSettled(news);
        this.#counters.add('dropped', news.events);
        break;
      case 'failing':
        this.#onFailing(news.why);
        break;
      case 'recovered':
        this.#onRecovered();
        break;
      case 'setAside':
        this.#onSetAside(news.file, news.why);
        break;
      case 'checkDied':
        this.#options.log.error('check died', `the thread that checks the history died: ${news.why}`);
        break;
    }
  }

  #onWritten(written: Extract<ThreadNews, { kind: 'written' }>): void {
    const { lastSeq, values } = written;
    if (this.#storedSeq === undefined && this.#fault.why === undefined) this.#options.onFailing(undefined);
    this.#queue.onSettled(written);
    this.#noteStored(lastSeq);
    this.#counters.add('batches');
    this.#counters.add('values', values);
  }

  #noteStored(seq: number | undefined): void {
    if (seq === undefined) return;
    this.#storedSeq = seq;
    this.#settledSeq = seq;
  }

  /** Events that were lost with a thread, but were still in the ring, are not lost. */
  #onTakenOver({ nodes, events, lastSeq }: Extract<ThreadNews, { kind: 'takenOver' }>): void {
    this.#noteStored(lastSeq);
    this.#counters.add('takenOver', events);
    this.#counters.add('dropped', Math.max(0, this.#lostEvents - events));
    this.#lostEvents = 0;
    if (nodes + events === 0) return;
    this.#options.log.info(`wrote ${nodes} nodes and ${events} events from memory to the history file`);
  }

  #onFailing(why: string, level: 'warn' | 'error' = 'warn'): void {
    if (!this.#fault.raise(why, this.#isOpen, level)) return;
    this.#queue.stopWaiting();
    this.#counters.add('failures');
  }

  #onRecovered(): void {
    this.#fault.clear(this.#counters.get('dropped'));
  }

  #onSetAside(file: string, why: string): void {
    this.#counters.add('setAside');
    const text = `THE HISTORY FILE IS DAMAGED (${why}): renamed to ${file}, and started a new one`;
    this.#options.log.warn('set aside', text);
  }

  #onThreadDeath(why: string): void {
    this.#thread = undefined;
    this.#isOpen = false;
    if (this.#isClosing) return;
    this.#lostEvents += this.#queue.clear();
    this.#onFailing(why, 'error');
    this.#options.clock.after(RESTART_MS, () => void this.#restart());
  }

  async #restart(): Promise<void> {
    if (this.#isClosing) return;
    const thread = this.#startThread();
    const first = await thread.opened;
    if (first.kind !== 'opened') return this.#onFailing(first.why);
    this.#joining = this.#join(first.restored, thread);
    await this.#joining;
    this.#onRecovered();
  }
}

const CHANGES_WITH_FACTS: ReadonlySet<string> = new Set(['added', 'identified', 'renamed']);

/** The name and uuid of a node that is new, or has changed them: they are stored with the event. */
function factsOf(event: HubEvent, hub: Hub): NodeFacts | undefined {
  if (event.kind !== 'node' || !CHANGES_WITH_FACTS.has(event.change)) return undefined;
  const view = hub.picture.findNode(event.node);
  return view && { name: view.name, ...(view.uuid && { uuid: view.uuid.toString('hex') }) };
}
