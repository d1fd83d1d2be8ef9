import { dirname } from 'node:path';
import { Backoff } from '../base/backoff.js';
import { errorText } from '../base/errors.js';
import type { DataType } from '../protocol/data-types.js';
import { isDamage, putAside } from './database.js';
import { firstSeqOf, raiseSeqs, recordsBetween } from './event-record.js';
import { type Holdings, writeHoldings } from './holdings.js';
import { FILE_LOSSES, type FileLoss, OpenFile, type OpenFileOptions } from './open-file.js';
import { type PackedRestored, packRestored } from './restored.js';
import { addTypeViews } from './schema.js';
import { prepareStateDirectory } from './state-directory.js';
import type { FromThread } from './thread-messages.js';

/** Batches that wait while the file can't be opened or written: some minutes of a busy mesh. */
const MAX_WAITING_BYTES = 33_554_432;
/** Until what has failed is tried again. */
const PAUSES = { firstMs: 1000, longestMs: 30_000 };

export interface StoreOptions extends OpenFileOptions {
  readonly tell: (message: FromThread) => void;
  /** What comes waits for `goOn` from the beginning: the gateway may have been running before this thread. */
  readonly isHeld?: boolean;
}

interface Batch {
  readonly bytes: Uint8Array;
  /** Events in it. */
  readonly count: number;
}

/**
 * The store as its thread runs it: writes what comes, in order, through full disks, damaged files and files that are
 * taken away. Each file that is opened later than at the start is told of, and what comes waits until the gateway has
 * answered by `goOn`, with everything that a new file must hold.
 */
export class Store {
  /** What earlier runs have left in the file that was opened at the start. */
  readonly restored: PackedRestored | undefined;
  readonly #options: StoreOptions;
  readonly #backoff = new Backoff(PAUSES);
  /** When what has failed is tried again, on the clock that is never set. */
  #tryAgainAt = Number.NEGATIVE_INFINITY;
  readonly #waiting: Batch[] = [];
  /** Types that were declared since the file was opened. */
  readonly #withoutView: DataType[] = [];
  #waitingBytes = 0;
  #file: OpenFile | undefined;
  #openings = 0;
  /** Why it is not written now. */
  #fault: string | undefined;
  #isHeld: boolean;
  /** What the file must get before what waits. */
  #holdings: Holdings | undefined;

  /** A file that can't be opened is tried again by `tick`. */
  constructor(options: StoreOptions) {
    this.#options = options;
    this.#isHeld = options.isHeld ?? false;
    try {
      this.restored = this.#open();
    } catch (error) {
      this.#fault = errorText(error);
      this.#tryLater();
    }
  }

  /** Why it is not written now; undefined while it is. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Counts the files that were opened; 0 while there is none. */
  get opening(): number {
    return this.#file ? this.#openings : 0;
  }

  /** Takes a batch, and writes what waits, unless writing fails: then `tick` does. */
  write(batch: Batch): void {
    this.#waiting.push(batch);
    this.#waitingBytes += batch.bytes.length;
    if (this.#fault === undefined) this.writeWaiting();
    this.#dropOldest();
  }

  /** A source has declared these types: their values are decoded, and they have views of their own. */
  declare(types: readonly DataType[]): void {
    this.#withoutView.push(...this.#options.dataTypes.declare(types));
    if (this.#fault === undefined) this.writeWaiting();
  }

  /** To be called once a second: notices that the file is gone, and tries again what has failed. */
  tick(): void {
    if (!this.#file) {
      if (this.#isDue) this.#openLater();
    } else if (this.#fault === undefined || this.#isDue) this.writeWaiting();
  }

  get #isDue(): boolean {
    return this.#options.monotonic() >= this.#tryAgainAt;
  }

  /** Tries to write what waits at once. */
  writeWaiting(): void {
    const file = this.#soundFile();
    if (!file || this.#isHeld) return;
    try {
      this.#addViews(file);
      if (this.#holdings) this.#takeOver(file, this.#holdings);
      while (this.#waiting[0]) this.#writeFirst(file, this.#waiting[0]);
      file.noteSize();
    } catch (error) {
      this.#onFailure(error);
      return;
    }
    if (this.#fault !== undefined) this.#options.tell({ kind: 'recovered' });
    this.#fault = undefined;
    this.#backoff.reset();
    this.#tryAgainAt = Number.NEGATIVE_INFINITY;
  }

  /** Numbers of what waits were given out before the file of an earlier run could be read: they are raised above its. */
  raiseWaiting(by: number): void {
    for (const { bytes } of this.#waiting) raiseSeqs(bytes, by);
  }

  /** What waits is written from now on, after what the gateway holds. */
  goOn(holdings: Holdings): void {
    this.#isHeld = false;
    this.#holdings = holdings;
    this.writeWaiting();
  }

  /** Deletes some of what is too old or too much. Returns true when there may be more to do at once. */
  tidy(): boolean {
    const file = this.#fault === undefined ? this.#soundFile() : undefined;
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

  /** The file was found to be damaged: it is set aside, and a new one begun. `opening`: the one that was looked at. */
  replace(why: string, opening = this.#openings): void {
    if (opening !== this.#openings) return;
    const { settings, now, tell } = this.#options;
    this.#closeFile();
    tell({ kind: 'fileClosed' });
    try {
      tell({ kind: 'setAside', file: putAside(settings.file, now()), why });
    } catch (error) {
      this.#fail(errorText(error));
      return;
    }
    this.#openLater();
  }

  /** Writes what waits if it can be, and the last word of this run. */
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

  /** Returns what earlier runs have left in the file. Throws what the system says when no file can be opened. */
  #open(): PackedRestored | undefined {
    const { settings, now, tell } = this.#options;
    const fault = prepareStateDirectory(dirname(settings.file));
    if (fault !== undefined) throw new Error(fault);
    try {
      return this.#openFile();
    } catch (error) {
      this.#closeFile();
      if (!isDamage(error)) throw error;
      tell({ kind: 'setAside', file: putAside(settings.file, now()), why: errorText(error) });
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
    if (file.setAside) this.#options.tell({ kind: 'setAside', ...file.setAside });
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
    this.#options.tell({ kind: 'opened', restored });
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.close();
    } catch {
      // It is given up in any case.
    }
  }

  /** The file, if its path still leads to it; one that is lost is closed, and another begun in its place. */
  #soundFile(): OpenFile | undefined {
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
    this.#options.tell({ kind: 'fileClosed' });
    this.#openLater();
  }

  /** Only then is there room for what is kept in memory until it is written. */
  #takeOver(file: OpenFile, holdings: Holdings): void {
    const firstWaiting = (this.#waiting[0] && firstSeqOf(this.#waiting[0].bytes)) ?? Number.POSITIVE_INFINITY;
    let [events, lastSeq] = [0, undefined as number | undefined];
    for (const bytes of holdings.events) {
      const result = file.writer.write(recordsBetween(bytes, -1, firstWaiting));
      events += result.events;
      lastSeq = result.lastSeq ?? lastSeq;
    }
    writeHoldings(file.database, this.#options.dataTypes, holdings);
    this.#holdings = undefined;
    this.#options.tell({ kind: 'takenOver', nodes: holdings.nodes.length, events, lastSeq });
  }

  #writeFirst(file: OpenFile, { bytes, count }: Batch): void {
    const { lastSeq, values } = file.writer.write(bytes);
    this.#waiting.shift();
    this.#waitingBytes -= bytes.length;
    this.#options.tell({ kind: 'written', bytes: bytes.length, events: count, lastSeq, values });
  }

  #onFailure(error: unknown): void {
    if (isDamage(error)) this.replace(errorText(error));
    else this.#fail(errorText(error));
  }

  #fail(why: string): void {
    if (this.#fault !== why) this.#options.tell({ kind: 'failing', why });
    this.#fault = why;
    this.#tryLater();
    this.#dropOldest();
  }

  #tryLater(): void {
    this.#tryAgainAt = this.#options.monotonic() + this.#backoff.nextMs();
  }

  #dropOldest(): void {
    this.#dropWhile(() => this.#waitingBytes > MAX_WAITING_BYTES);
  }

  #dropWhile(isWanted: () => boolean): void {
    while (isWanted()) {
      const batch = this.#waiting.shift();
      if (!batch) return;
      this.#waitingBytes -= batch.bytes.length;
      this.#options.tell({ kind: 'dropped', bytes: batch.bytes.length, events: batch.count });
    }
  }
}
