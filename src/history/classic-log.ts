/**
 * The log files of the predecessor: a file per data type, `<type>_hist.txt`, with a line per value:
 *
 *     value, time
 *
 * `value`: its bytes as Python's `repr` writes them, `b'\x07'`. It can contain commas, the time can not.
 * `time`: when it was received, by the host clock in local time, as Python's `str(datetime)` writes it.
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

/** Maximum delay before lines are written. */
const FLUSH_MS = 1000;
/** Maximum characters that wait for a slow disk; further lines are dropped and counted. */
const MAX_WAITING = 8_388_608;
/** Time for the remaining lines to be written at the end. */
const CLOSE_TIMEOUT_MS = 5000;

const COUNTED = ['written', 'dropped', 'failures', 'renamed'] as const;

export interface ClassicLogOptions {
  readonly directory: string;
  readonly types: readonly DataType[];
  /** Maximum bytes of a file; it is then renamed to `.1`, replacing the previous one. */
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
  /** While lines are being written. */
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

  /** Writes the remaining lines, and waits up to a limit. */
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

  /** While the disk is slow, lines collect and are written together. */
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
    this.#options.log.info(`the classic log is written again; ${dropped} lines were not written`);
  }

  /** Lines that fail are not retried: the values are in the history, and the next lines matter as much. */
  #onFailed(lines: number, error: unknown): void {
    this.#counters.add('failures');
    this.#counters.add('dropped', lines);
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.log.warn('classic log', `the classic log can not be written: ${errorText(error)}`);
  }
}

/** `GPS_hist.txt`; unsafe characters in a name are replaced, and the type's id keeps it unique. */
function fileName({ name, id }: DataType): string {
  const isPlain = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name);
  return isPlain ? `${name}_hist.txt` : `${name.replace(/[^A-Za-z0-9_-]/g, '_')}_${id}_hist.txt`;
}
