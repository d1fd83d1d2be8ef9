/** Writes received payloads to a dump file, a line each, until the file is full. */
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { truncate } from 'node:fs/promises';
import type { Clock } from '../../base/clock.js';
import { errorText, systemErrorCode } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { formatDumpLine } from '../../codecs/hev/dump.js';

const LINE_FEED = 0x0a;
const UNFINISHED_LINE = /^b(?:'[0-9a-f]{0,242}'?)?$/;
const MAX_LINE_LENGTH = 300;
/** Bytes that wait for a slow disk; beyond that payloads are left out. */
const MAX_WAITING_BYTES = 1_048_576;
/** For the last bytes, when the gateway stops. */
const CLOSE_TIMEOUT_MS = 1000;

export class DumpRecorder {
  readonly #path: string;
  readonly #maxLines: number;
  readonly #log: Log;
  readonly #clock: Clock;
  #lines = 0;
  #stream: WriteStream | undefined;
  #isStopped = false;
  readonly #counts = { recorded: 0, recordDropped: 0, recordFailures: 0 };

  /** `maxLines`: of the file, those of earlier runs included. */
  constructor(path: string, maxLines: number, { log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#path = path;
    this.#maxLines = maxLines;
    this.#log = log;
    this.#clock = clock;
  }

  counters() {
    return { ...this.#counts };
  }

  /** Continues after what is in the file; a last line that was not finished is cut off. */
  async start(): Promise<void> {
    try {
      const { lines, end } = await measure(this.#path);
      this.#lines = lines;
      if (end !== undefined) await truncate(this.#path, end);
      if (this.#isStopped) return;
      this.#open();
    } catch (error) {
      this.#onFailure(error);
    }
  }

  add(payload: Uint8Array): void {
    const stream = this.#stream;
    if (!stream) return;
    if (stream.writableLength > MAX_WAITING_BYTES) {
      this.#counts.recordDropped++;
      return;
    }
    stream.write(formatDumpLine(payload));
    this.#counts.recorded++;
    if (++this.#lines < this.#maxLines) return;
    this.#log.info(`${this.#path} is full: ${this.#lines} payloads are recorded`);
    this.#end();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const stream = this.#end();
    if (!stream) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, resolve);
      stream.once('close', () => {
        cancel();
        resolve();
      });
    });
  }

  #open(): void {
    if (this.#lines >= this.#maxLines) {
      this.#log.warn('recordFull', `${this.#path} is full already: nothing is recorded`);
      return;
    }
    this.#stream = createWriteStream(this.#path, { flags: 'a' });
    this.#stream.on('error', (error) => this.#onFailure(error));
  }

  #end(): WriteStream | undefined {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.end();
    return stream;
  }

  #onFailure(error: unknown): void {
    this.#stream = undefined;
    this.#counts.recordFailures++;
    this.#log.warn('record', `can't record to ${this.#path}: ${errorText(error)}; recording has stopped`);
  }
}

/** Complete lines; `end`: where the last of them ends, if an unfinished one follows. A missing file has none. */
async function measure(path: string): Promise<{ readonly lines: number; readonly end?: number }> {
  let [lines, end, size] = [0, 0, 0];
  let tail = '';
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
        lines++;
        from = at + 1;
        end = size + from;
        tail = '';
      }
      tail = (tail + chunk.toString('latin1', from)).slice(0, MAX_LINE_LENGTH);
      size += chunk.length;
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  if (tail === '') return { lines };
  if (!UNFINISHED_LINE.test(tail)) throw new Error('its last line is not one of a dump file');
  return { lines, end };
}
