import type { CancelTimer, Clock } from '../base/clock.js';
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
import { type DataType, type DataTypes, fitsType } from '../protocol/data-types.js';
import type { Tables } from '../protocol/message.js';
import { EventWriter, type NodeFacts, readRecords } from './event-record.js';
import { gatherHoldings, type Holdings } from './holdings.js';
import { LastEvents } from './last-events.js';
import { ReaderClient } from './reader-client.js';
import { type PackedRestored, unpackRestored } from './restored.js';
import { ThreadClient, type ThreadNews } from './thread-client.js';
import type { Answer, Question, StoreSettings } from './thread-messages.js';

/** What comes is on the disk this much later at most, plus what the disk takes. */
const FLUSH_MS = 500;
/** As many bytes go to the thread at once. */
const FLUSH_BYTES = 262_144;
const FIRST_SIZE = 16_384;
/** What may be with the thread, unwritten; beyond it events are dropped, and counted. */
const MAX_UNWRITTEN_BYTES = 67_108_864;
/** A read waits so long at most for what has come just before it. */
const FRESH_MS = 1000;
/** As many reads wait for that; more go on without. */
const MAX_FRESH = 1000;
/** A thread that has died is started anew after this long. */
const RESTART_MS = 10_000;

const COUNTED = ['events', 'values', 'batches', 'dropped', 'failures', 'setAside', 'takenOver'] as const;

/** What a file needs that is open before anything has happened. */
const NOTHING: Holdings = { nodes: [], latest: new Uint8Array(0), alarms: [], lists: [], events: [] };

export interface HistoryOptions {
  readonly settings: StoreSettings;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly log: Log;
  /** Values of the past while no file is open. */
  readonly memory: Archive;
  /** Why it can't be opened or written; undefined once that works again. Not called before `attach`. */
  readonly onFailing: (why: string | undefined) => void;
  /**
   * The file of an earlier run could only be read after events of this one had been numbered. `onNumbered`: to be called
   * before the next event, with how much the numbers of these must be raised to lie above those of the file.
   */
  readonly onRestoredLate: (restored: Restored, onNumbered: (raisedBy: number) => void) => void;
}

/** `fault`: why there will be no history beyond memory. One that can't be opened yet is tried again. */
export type OpenedHistory =
  | { readonly history: History; readonly restored: Restored | undefined }
  | { readonly history: undefined; readonly fault: string };

/** What outlives the process: every event goes to the store's thread, and values of the past come from it. */
export class History implements Archive {
  readonly #options: HistoryOptions;
  readonly #reader: ReaderClient;
  readonly #writer = new EventWriter(FIRST_SIZE);
  readonly #counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #lastEvents = new LastEvents();
  #hub: Hub | undefined;
  #thread: ThreadClient | undefined;
  /** The thread has a file; else values of the past come from memory. */
  #isOpen = false;
  /** What an earlier run has left was asked for, once. */
  #hasRestored = false;
  #eventsHeld = 0;
  #lastSeq = 0;
  #unwrittenBytes = 0;
  #unwrittenEvents = 0;
  /** Events that went with a thread, until it is known how many of them were still in memory. */
  #lostEvents = 0;
  /** Of the last event that is on the disk, or that came before it was attached. */
  #settledSeq = -1;
  /** Since the start: those that were stored, and those that were dropped after the thread had them. */
  #settledEvents = 0;
  readonly #untilSettled = new Set<{ readonly upTo: number; end(): void }>();
  #storedSeq: number | undefined;
  #fault: string | undefined;
  #isClosing = false;
  #cancelFlush: CancelTimer | undefined;
  #joining: Promise<void> | undefined;
  #unsubscribe: () => void = () => {};

  private constructor(options: HistoryOptions) {
    const { settings, tables, clock, log } = options;
    this.#options = options;
    const reading = { file: settings.file, dataTypes: tables.dataTypes.all() };
    const onDeath = (why: string) =>
      log.error('reader died', `the thread that reads the history died: ${why}`);
    this.#reader = new ReaderClient(reading, clock, onDeath);
  }

  /** Opens the store, and reads what earlier runs have left. Never rejects. */
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
    if (this.#fault !== undefined) this.#options.onFailing(this.#fault);
  }

  async read(
    query: ValueQuery,
    limit: number,
    after: Cursor | undefined,
    asker: Asker,
  ): Promise<ArchivePage> {
    if (!this.#isOpen) return this.#options.memory.read(query, limit, after, asker);
    return this.#pageOf(await this.#ask({ kind: 'read', query, limit, after }, asker));
  }

  async current(query: SeriesQuery, time: number, asker: Asker): Promise<readonly ArchivedValue[]> {
    if (!this.#isOpen) return this.#options.memory.current(query, time, asker);
    return this.#pageOf(await this.#ask({ kind: 'current', query, time }, asker)).values;
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
    this.#flush();
    await this.#untilWritten();
    if ((this.#storedSeq ?? 0) < seq) throw new ArchiveError('failed', this.#fault ?? 'events were dropped');
  }

  status(): ArchiveStatus {
    return {
      ...(this.#isOpen && { file: this.#options.settings.file }),
      counters: { ...this.#counters.snapshot(), ...this.#reader.counters() },
      ...(this.#fault !== undefined && { fault: this.#fault }),
      ...(this.#storedSeq !== undefined && { storedSeq: this.#storedSeq }),
    };
  }

  /** Ends the reads that are under way, so that what was received can be written; later ones are refused. */
  stopReading(): Promise<void> {
    return this.#reader.close();
  }

  /** Writes what is left, and waits for that, but no longer than `limitMs`. Resolves with how many events are lost all the same. */
  async close(limitMs?: number): Promise<number> {
    if (this.#isClosing) return 0;
    this.#unsubscribe();
    this.#flush();
    this.#isClosing = true;
    await this.stopReading();
    await this.#joining;
    const before = this.#counters.get('dropped');
    await this.#thread?.close(this.#lastSeq, limitMs);
    this.#wakeUnwritten();
    return this.#countLost(before);
  }

  /** What was dropped since `before`, went with a thread, or is still with the thread when it has ended. */
  #countLost(before: number): number {
    this.#counters.add('dropped', this.#lostEvents + this.#unwrittenEvents);
    const lost = this.#counters.get('dropped') - before;
    if (lost === 0) return 0;
    const why = this.#fault ?? 'the disk was too slow';
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

  /** A file was opened while this gateway was running: both get what they lack of each other. */
  async #join(packed: PackedRestored | undefined, thread: ThreadClient): Promise<void> {
    this.#isOpen = true;
    const hub = this.#hub;
    if (!hub) return thread.post({ kind: 'goOn', holdings: NOTHING });
    this.#flush();
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
    if (this.#unwrittenBytes > MAX_UNWRITTEN_BYTES) {
      this.#counters.add('dropped');
      return;
    }
    this.#counters.add('events');
    this.#writer.write(event, facts);
    this.#eventsHeld++;
    if (this.#writer.length >= FLUSH_BYTES) this.#flush();
    else this.#cancelFlush ??= this.#options.clock.after(FLUSH_MS, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    if (this.#eventsHeld === 0) return;
    const bytes = this.#writer.take();
    this.#unwrittenBytes += bytes.length;
    this.#unwrittenEvents += this.#eventsHeld;
    this.#thread?.post({ kind: 'events', bytes, count: this.#eventsHeld }, [bytes.buffer]);
    this.#eventsHeld = 0;
  }

  async #ask(question: Question, asker: Asker): Promise<Answer> {
    if (!this.#thread || this.#isClosing) throw new ArchiveError('closed');
    // What is asked for may have come just now.
    this.#flush();
    await this.#untilWritten();
    return this.#reader.ask(question, asker);
  }

  /** Resolves when what the thread has now is stored. A slow or failing disk is not waited for: what is there is read. */
  async #untilWritten(): Promise<void> {
    if (this.#unwrittenEvents === 0 || this.#fault !== undefined || this.#untilSettled.size >= MAX_FRESH) {
      return;
    }
    const upTo = this.#settledEvents + this.#unwrittenEvents;
    await new Promise<void>((resolve) => {
      const waiting = {
        upTo,
        end: () => {
          cancel();
          this.#untilSettled.delete(waiting);
          resolve();
        },
      };
      const cancel = this.#options.clock.after(FRESH_MS, waiting.end);
      this.#untilSettled.add(waiting);
    });
  }

  #wakeUnwritten(upTo = Number.POSITIVE_INFINITY): void {
    for (const waiting of [...this.#untilSettled]) if (waiting.upTo <= upTo) waiting.end();
  }

  #pageOf(answer: Answer): ArchivePage {
    return pageOf(answer, this.#options.tables.dataTypes);
  }

  #onNews(news: ThreadNews, thread: ThreadClient): void {
    switch (news.kind) {
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
        this.#noteSettled(news);
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

  #noteSettled({ bytes, events }: { readonly bytes: number; readonly events: number }): void {
    this.#unwrittenBytes -= bytes;
    this.#unwrittenEvents -= events;
    this.#settledEvents += events;
    this.#wakeUnwritten(this.#settledEvents);
  }

  #onWritten(written: Extract<ThreadNews, { kind: 'written' }>): void {
    const { lastSeq, values } = written;
    if (this.#storedSeq === undefined && this.#fault === undefined) this.#options.onFailing(undefined);
    this.#noteSettled(written);
    this.#noteStored(lastSeq);
    this.#counters.add('batches');
    this.#counters.add('values', values);
  }

  #noteStored(seq: number | undefined): void {
    if (seq === undefined) return;
    this.#storedSeq = seq;
    this.#settledSeq = seq;
  }

  /** What the ring still held of the events that went with a thread is not lost. */
  #onTakenOver({ nodes, events, lastSeq }: Extract<ThreadNews, { kind: 'takenOver' }>): void {
    this.#noteStored(lastSeq);
    this.#counters.add('takenOver', events);
    this.#counters.add('dropped', Math.max(0, this.#lostEvents - events));
    this.#lostEvents = 0;
    if (nodes + events === 0) return;
    this.#options.log.info(`the history file was given what is in memory: ${nodes} nodes, ${events} events`);
  }

  #onFailing(why: string, level: 'warn' | 'error' = 'warn'): void {
    if (this.#fault === why) return;
    this.#fault = why;
    this.#wakeUnwritten();
    this.#counters.add('failures');
    const text = this.#isOpen
      ? `history can not be written: ${why}; it is in memory only until that works again`
      : `history is in memory only: ${why}; the gateway tries again by itself`;
    this.#options.log[level](`history ${why}`, text);
    if (this.#hub) this.#options.onFailing(why);
  }

  #onRecovered(): void {
    this.#fault = undefined;
    const dropped = this.#counters.get('dropped');
    this.#options.log.info(`history is written again; events that it lacks: ${dropped}`);
    this.#options.onFailing(undefined);
  }

  #onSetAside(file: string, why: string): void {
    this.#counters.add('setAside');
    const text = `THE HISTORY STORE IS DAMAGED (${why}). It is now ${file}; a new one was begun`;
    this.#options.log.warn('set aside', text);
  }

  #onThreadDeath(why: string): void {
    this.#thread = undefined;
    this.#isOpen = false;
    if (this.#isClosing) return;
    this.#lostEvents += this.#unwrittenEvents + this.#eventsHeld;
    this.#writer.take();
    this.#eventsHeld = 0;
    this.#noteSettled({ bytes: this.#unwrittenBytes, events: this.#unwrittenEvents });
    this.#onFailing(`the thread that writes it died: ${why}`, 'error');
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

/** A new node, or one whose uuid or name has changed, is stored with what is known of it. */
function factsOf(event: HubEvent, hub: Hub): NodeFacts | undefined {
  if (event.kind !== 'node' || !CHANGES_WITH_FACTS.has(event.change)) return undefined;
  const view = hub.picture.findNode(event.node);
  return view && { name: view.name, ...(view.uuid && { uuid: view.uuid.toString('hex') }) };
}

function pageOf(answer: Answer, dataTypes: DataTypes): ArchivePage {
  if (answer.kind !== 'values') return { values: [], next: undefined, progress: 1 };
  const former = new Map(answer.formerTypes.map(({ node, typeId, name }) => [`${node}.${typeId}`, name]));
  const values: ArchivedValue[] = [];
  for (const record of readRecords(answer.values)) {
    if (record.kind !== 'value') continue;
    const { node, typeId, receivedAt, deviceTime, bytes } = record;
    const value = deviceTime === undefined ? { receivedAt, bytes } : { receivedAt, deviceTime, bytes };
    const type = dataTypes.findById(typeId);
    const formerType = former.get(`${node}.${typeId}`) ?? (type && !fitsType(type, bytes) && type.name);
    values.push({ node, typeId, value, ...(formerType && { formerType }) });
  }
  return { values, next: answer.next, progress: answer.progress };
}
