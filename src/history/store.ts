import { dirname } from 'node:path';
import { Backoff } from '../base/backoff.js';
import { errorText } from '../base/errors.js';
import type { DataType } from '../protocol/data-types.js';
import { firstSeqOf, raiseSeqs, recordsBetween } from './event-record.js';
import { type Holdings, writeHoldings } from './holdings.js';
import { isDamage, putAside } from './open-database.js';
import { FILE_LOSSES, type FileLoss, OpenFile, type OpenFileOptions } from './open-file.js';
import { type PackedRestored, packRestored } from './restored.js';
import { addTypeViews } from './schema.js';
import { prepareStateDirectory } from './state-directory.js';
import type { FromThread } from './thread-messages.js';

/** Maximum bytes of batches that wait while the file can not be opened or written: some minutes of a busy mesh. */
const MAX_WAITING_BYTES = 33_554_432;
/** Pauses before a retry. */
const PAUSES = { firstMs: 1000, longestMs: 30_000 };

export interface StoreOptions extends OpenFileOptions {
  readonly report: (message: FromThread) => void;
  /** Events wait for `goOn` from the start: the gateway may have been running before this thread. */
  readonly isHeld?: boolean;
}

interface Batch {
  readonly bytes: Uint8Array;
  /** Number of events. */
  readonly count: number;
}

/**
 * The store as its thread runs it. It writes events in order, and survives full disks, damaged files and files that are
 * removed. When it opens a file later than at the start, it reports `opened`, and events wait until the gateway replies
 * by `goOn` with the state that a new file must hold.
 */
export class Store {
  /** The state of earlier runs, from the file that was opened at the start. */
  readonly restored: PackedRestored | undefined;
  readonly #options: StoreOptions;
  readonly #backoff = new Backoff(PAUSES);
  /** Time of the next retry, by the monotonic clock. */
  #retryAt = Number.NEGATIVE_INFINITY;
  readonly #waiting: Batch[] = [];
  /** Types declared since the file was opened. */
  readonly #withoutView: DataType[] = [];
  #waitingBytes = 0;
  #file: OpenFile | undefined;
  #openings = 0;
  /** Why the file is not being written. */
  #fault: string | undefined;
  #isHeld: boolean;
  /** Written to the file before the waiting events. */
  #holdings: Holdings | undefined;

  /** A file that can not be opened is retried by `tick`. */
  constructor(options: StoreOptions) {
    this.#options = options;
    this.#isHeld = options.isHeld ?? false;
    try {
      this.restored = this.#open();
    } catch (error) {
      this.#fault = errorText(error);
      this.#retryLater();
    }
  }

  /** Why the file is not being written; undefined while it is. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Number of the current opening, from 1; 0 while no file is open. */
  get opening(): number {
    return this.#file ? this.#openings : 0;
  }

  /** Queues a batch and writes the queue, unless writing is failing: then `tick` retries. */
  write(batch: Batch): void {
    this.#waiting.push(batch);
    this.#waitingBytes += batch.bytes.length;
    if (this.#fault === undefined) this.writeWaiting();
    this.#dropOldest();
  }

  /** A source has declared these types: from then on their values are decoded, and they have their own views. */
  declare(types: readonly DataType[]): void {
    this.#withoutView.push(...this.#options.dataTypes.declare(types));
    if (this.#fault === undefined) this.writeWaiting();
  }

  /** To be called once a second: notices a lost file, and retries after failures. */
  tick(): void {
    if (!this.#file) {
      if (this.#isDue) this.#openLater();
    } else if (this.#fault === undefined || this.#isDue) this.writeWaiting();
  }

  get #isDue(): boolean {
    return this.#options.monotonic() >= this.#retryAt;
  }

  /** Tries to write the waiting events now. */
  writeWaiting(): void {
    const file = this.#currentFile();
    if (!file || this.#isHeld) return;
    try {
      this.#addViews(file);
      if (this.#holdings) this.#writeHoldings(file, this.#holdings);
      while (this.#waiting[0]) this.#writeFirst(file, this.#waiting[0]);
      file.noteSize();
    } catch (error) {
      this.#onFailure(error);
      return;
    }
    if (this.#fault !== undefined) this.#options.report({ kind: 'recovered' });
    this.#fault = undefined;
    this.#backoff.reset();
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }

  /** The waiting events were numbered before the file of an earlier run could be read: raises them above its numbers. */
  raiseWaiting(by: number): void {
    for (const { bytes } of this.#waiting) raiseSeqs(bytes, by);
  }

  /** From now on waiting events are written, after the gateway's holdings. */
  goOn(holdings: Holdings): void {
    this.#isHeld = false;
    this.#holdings = holdings;
    this.writeWaiting();
  }

  /** Deletes some data beyond the limits of age and size. Returns true if there may be more to delete. */
  tidy(): boolean {
    const file = this.#fault === undefined ? this.#currentFile() : undefined;
    if (!file) return false;
    try {
      const hasMore = file.retention.step();
      file.noteSize();
      return hasMore;
    } catch (error) {
      this.#onFailure(error);
      return false;
    }
  }

  /** The file is damaged: sets it aside and starts a new one. `opening`: the opening that was checked. */
  replace(why: string, opening = this.#openings): void {
    if (opening !== this.#openings) return;
    const { settings, now, report } = this.#options;
    this.#closeFile();
    report({ kind: 'fileClosed' });
    try {
      report({ kind: 'setAside', file: putAside(settings.file, now()), why });
    } catch (error) {
      this.#fail(errorText(error));
      return;
    }
    this.#openLater();
  }

  /** Writes the waiting events if possible, and marks the end of this run. */
  close(lastSeq: number): void {
    this.#isHeld = false;
    this.writeWaiting();
    try {
      if (this.#waiting.length === 0) this.#file?.writer.finish(lastSeq);
    } finally {
      this.#dropWhile(() => true);
      this.#closeFile();
    }
  }

  /** Returns the state of earlier runs. Throws if no file can be opened. */
  #open(): PackedRestored | undefined {
    const { settings, now, report } = this.#options;
    const fault = prepareStateDirectory(dirname(settings.file));
    if (fault !== undefined) throw new Error(fault);
    try {
      return this.#openFile();
    } catch (error) {
      this.#closeFile();
      if (!isDamage(error)) throw error;
      report({ kind: 'setAside', file: putAside(settings.file, now()), why: errorText(error) });
      return this.#openFile();
    }
  }

  #addViews({ database }: OpenFile): void {
    if (this.#withoutView.length === 0) return;
    addTypeViews(database, this.#withoutView);
    this.#withoutView.length = 0;
  }

  #openFile(): PackedRestored | undefined {
    const file = new OpenFile(this.#options);
    this.#file = file;
    this.#openings++;
    if (file.setAside) this.#options.report({ kind: 'setAside', ...file.setAside });
    return packRestored(file.database);
  }

  #openLater(): void {
    let restored: PackedRestored | undefined;
    try {
      restored = this.#open();
    } catch (error) {
      this.#fail(errorText(error));
      return;
    }
    this.#isHeld = true;
    this.#options.report({ kind: 'opened', restored });
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.close();
    } catch {
      // The file is abandoned in any case.
    }
  }

  /** The file, if its path still leads to it. A lost file is closed, and another one opened. */
  #currentFile(): OpenFile | undefined {
    try {
      const loss = this.#file?.findLoss();
      if (loss !== undefined) this.#onLost(loss);
    } catch (error) {
      this.#onFailure(error);
    }
    return this.#file;
  }

  #onLost(loss: FileLoss): void {
    if (loss === 'truncated') {
      this.replace(FILE_LOSSES.truncated);
      return;
    }
    this.#fail(FILE_LOSSES[loss]);
    this.#closeFile();
    this.#options.report({ kind: 'fileClosed' });
    // The same file is opened again only after this turn: until then the driver may hold on to the old journals.
    if (loss !== 'journalLost') this.#openLater();
  }

  /** Events of the ring that are also waiting are left out: they follow. */
  #writeHoldings(file: OpenFile, holdings: Holdings): void {
    const firstWaiting = (this.#waiting[0] && firstSeqOf(this.#waiting[0].bytes)) ?? Number.POSITIVE_INFINITY;
    let [events, lastSeq] = [0, undefined as number | undefined];
    for (const bytes of holdings.events) {
      const result = file.writer.write(recordsBetween(bytes, -1, firstWaiting));
      events += result.events;
      lastSeq = result.lastSeq ?? lastSeq;
    }
    writeHoldings(file.database, this.#options.dataTypes, holdings);
    this.#holdings = undefined;
    this.#options.report({ kind: 'takenOver', nodes: holdings.nodes.length, events, lastSeq });
  }

  #writeFirst(file: OpenFile, { bytes, count }: Batch): void {
    const { lastSeq, values } = file.writer.write(bytes);
    this.#waiting.shift();
    this.#waitingBytes -= bytes.length;
    this.#options.report({ kind: 'written', bytes: bytes.length, events: count, lastSeq, values });
  }

  #onFailure(error: unknown): void {
    if (isDamage(error)) this.replace(errorText(error));
    else this.#fail(errorText(error));
  }

  #fail(why: string): void {
    if (this.#fault !== why) this.#options.report({ kind: 'failing', why });
    this.#fault = why;
    this.#retryLater();
    this.#dropOldest();
  }

  #retryLater(): void {
    this.#retryAt = this.#options.monotonic() + this.#backoff.nextMs();
  }

  #dropOldest(): void {
    this.#dropWhile(() => this.#waitingBytes > MAX_WAITING_BYTES);
  }

  #dropWhile(mustDrop: () => boolean): void {
    while (mustDrop()) {
      const batch = this.#waiting.shift();
      if (!batch) return;
      this.#waitingBytes -= batch.bytes.length;
      this.#options.report({ kind: 'dropped', bytes: batch.bytes.length, events: batch.count });
    }
  }
}
