/**
 * The log files of the predecessor: one a data type, `<type>_hist.txt`, a line a value:
 *
 *     value, time
 *
 * `value`: its bytes as Python's `repr` writes them, `b'\x07'`; there can be commas in it, in the time there is none.
 * `time`: when it was received, host clock, local time, as Python's `str(datetime)` writes it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { errorText } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Feed, HubEvent } from '../hub/hub.js';
import { isDevice } from '../protocol/address.js';
import type { DataType } from '../protocol/data-types.js';
import { LogFile } from './log-file.js';
import { bytesRepr, localTimeText } from './python-text.js';

/** What comes is handed to the system this much later at most. */
const FLUSH_MS = 1000;
/** Characters of lines that may wait for a slow disk; beyond it lines are dropped, and counted. */
const MAX_WAITING = 8_388_608;
/** At the end a disk gets so long for what is left. */
const CLOSE_TIMEOUT_MS = 5000;

const COUNTED = ['written', 'dropped', 'failures', 'renamed'] as const;

export interface ClassicLogOptions {
  readonly directory: string;
  readonly types: readonly DataType[];
  /** Bytes of a file; then it becomes `.1`, and the one before goes. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiting {
  text: string;
  lines: number;
}

export class ClassicLog {
  readonly #options: ClassicLogOptions;
  readonly #counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #files: ReadonlyMap<number, LogFile>;
  #waiting = new Map<number, Waiting>();
  #waitingLength = 0;
  #isFailing = false;
  #cancelFlush: CancelTimer | undefined;
  /** While lines are with the system. */
  #flushing: Promise<void> | undefined;
  #unsubscribe: () => void = () => {};

  constructor(options: ClassicLogOptions) {
    this.#options = options;
    const { directory, types, maxBytes } = options;
    const onRenamed = () => this.#counters.add('renamed');
    this.#files = new Map(
      types.map((type) => [type.id, new LogFile(join(directory, fileName(type)), maxBytes, onRenamed)]),
    );
  }

  /** Logs every value of the mesh from now on. */
  attach(feed: Pick<Feed, 'subscribe'>): void {
    this.#unsubscribe = feed.subscribe((event) => {
      if (event.kind === 'value' && !isDevice(event.node)) this.#add(event);
    });
  }

  counters() {
    return this.#counters.snapshot();
  }

  /** Writes what is left, and waits for that, but not for ever. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#cancelFlush?.();
    const { clock } = this.#options;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(CLOSE_TIMEOUT_MS, resolve);
      void this.#writeRest().then(cancel).then(resolve);
    });
  }

  async #writeRest(): Promise<void> {
    await this.#flushing;
    await this.#write();
  }

  #add({ type, value }: Extract<HubEvent, { kind: 'value' }>): void {
    const line = `${bytesRepr(value.bytes)}, ${localTimeText(value.receivedAt)}\n`;
    if (this.#waitingLength + line.length > MAX_WAITING) {
      this.#counters.add('dropped');
      return;
    }
    const waiting = this.#waiting.get(type.id) ?? { text: '', lines: 0 };
    waiting.text += line;
    waiting.lines++;
    this.#waiting.set(type.id, waiting);
    this.#waitingLength += line.length;
    this.#cancelFlush ??= this.#options.clock.after(FLUSH_MS, () => this.#flush());
  }

  /** A slow disk gets more at once, not more often. */
  #flush(): void {
    this.#cancelFlush = this.#flushing && this.#options.clock.after(FLUSH_MS, () => this.#flush());
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined;
    });
  }

  async #write(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#waitingLength = 0;
    for (const [typeId, { text, lines }] of waiting) {
      try {
        await mkdir(this.#options.directory, { recursive: true });
        await this.#files.get(typeId)?.append(text);
        this.#onWritten(lines);
      } catch (error) {
        this.#onFailed(lines, error);
      }
    }
  }

  #onWritten(lines: number): void {
    this.#counters.add('written', lines);
    if (!this.#isFailing) return;
    this.#isFailing = false;
    const dropped = this.#counters.get('dropped');
    this.#options.log.info(`the classic log is written again; lines that it lacks: ${dropped}`);
  }

  /** What could not be written is not tried again: it is in the history, and the next lines matter as much. */
  #onFailed(lines: number, error: unknown): void {
    this.#counters.add('failures');
    this.#counters.add('dropped', lines);
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.log.warn('classic log', `the classic log can not be written: ${errorText(error)}`);
  }
}

/** `GPS_hist.txt`; characters that could change the path are replaced, and the type's id keeps the name unique. */
function fileName({ name, id }: DataType): string {
  const isPlain = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name);
  return isPlain ? `${name}_hist.txt` : `${name.replace(/[^A-Za-z0-9_-]/g, '_')}_${id}_hist.txt`;
}
