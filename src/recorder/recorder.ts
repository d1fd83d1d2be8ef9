/**
 * The flight recorder: bytes from and to the root and devices, and clients' requests and replies, with times. Recording copies
 * into preallocated memory; finished blocks go to the ring, and to `onBlock`.
 */
import type { Clock } from '../base/clock.js';
import { RateLimit } from '../base/rate-limit.js';
import type { LinkDownReason, ModemLines } from '../link/link.js';
import { BlockWriter, MAX_PAYLOAD_LENGTH, type RecordKind } from './block.js';
import { BlockRing } from './block-ring.js';
import { encodeLinkFacts, type LinkFacts, ROOT_LINK } from './link-facts.js';
import { DeviceLinkRecorder, type LinkRecorder, type RecordOutput, SEPARATOR } from './link-recorder.js';
import { ROOT_CHANNEL } from './recording.js';

export interface RecorderOptions {
  readonly clock: Clock;
  /** Bytes of memory. */
  readonly limit: number;
  /** Called with each finished block. */
  readonly onBlock?: (bytes: Buffer) => void;
}

/** Which blocks to read: those after a cursor, those of the last ms, or all. */
export interface ReadOptions {
  readonly after?: string | undefined;
  readonly lastMs?: number | undefined;
}

export interface RecordingPage {
  /** Complete blocks, concatenated. */
  readonly blocks: Buffer;
  /** Pass as `after` to read the next page. */
  readonly cursor: string;
  /** Whether more can be read now. */
  readonly more: boolean;
  /** Number of blocks after `after` that are not held any more; null if the cursor is from another run. */
  readonly missed: number | null;
}

/** Records one client's requests and replies: bytes of the classic dialect, or JSON texts. */
export interface ClientRecorder {
  asked(what: Buffer | string): void;
  answered(what: Buffer | string): void;
  ended(reason: string): void;
}

/** A client's texts are cut to this many bytes: a reply of megabytes would push out hours of UART traffic. */
export const MAX_CLIENT_LENGTH = 4096;
/** A block is finished at this age, so that its times stay close to both clocks. */
const MAX_BLOCK_AGE_US = 60_000_000;
/** The two clocks are not read at the same instant: smaller differences do not mean that the clock was set. */
const CLOCK_JUMP_MS = 10;
/** Room for records that may precede one: a clock change, the name of a client. */
const EXTRA_ROOM = 128;
/** Of the memory, which devices may fill at once; then bytes per second. So a device that floods leaves the root's hours. */
const DEVICE_SHARE = 1 / 16;
const DEVICE_BYTES_PER_S = 4096;

export class Recorder {
  /** Id of this run of the gateway. */
  readonly run: string;
  readonly #options: RecorderOptions;
  readonly #writer = new BlockWriter();
  readonly #ring: BlockRing;
  readonly #deviceAllowance: RateLimit;
  readonly #output: RecordOutput;
  #number = 0;
  /** As in a record of the kind `opened`; empty if there is no link. */
  #link = '';
  #channels = 0;
  #records = 0;
  #omittedBytes = 0;
  /** Host clock minus monotonic clock, ms. */
  #offset = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.run = options.clock.now().toString(36);
    this.#ring = new BlockRing(options.limit);
    const { clock, limit } = options;
    const limits = { atOnce: limit * DEVICE_SHARE, perSecond: DEVICE_BYTES_PER_S };
    this.#deviceAllowance = new RateLimit(clock, limits);
    this.#output = {
      block: () => this.#number,
      room: () => this.#writer.room,
      prepare: (length) => this.#prepare(length),
      append: (...record) => this.#append(...record),
    };
  }

  counters() {
    const omittedBytes = this.#omittedBytes;
    return { records: this.#records, blocks: this.#number, ...this.#ring.counters(), omittedBytes };
  }

  /** Starts recording a link; `name`: `root`, or the name of a device's source. */
  link(name: string): LinkRecorder {
    if (name === ROOT_LINK) return this.#rootLink();
    return new DeviceLinkRecorder(this.#output, {
      name,
      channel: ++this.#channels,
      allowance: this.#deviceAllowance,
      onOmitted: (bytes) => {
        this.#omittedBytes += bytes;
      },
    });
  }

  opened(facts: LinkFacts): void {
    const link = encodeLinkFacts(facts);
    this.#write('opened', textBytes(link));
    this.#link = link;
  }

  notOpened(reason: LinkDownReason, detail: string): void {
    this.#write('notOpened', textBytes(reason + SEPARATOR + detail));
  }

  closed(reason: LinkDownReason, detail: string): void {
    this.#write('closed', textBytes(reason + SEPARATOR + detail));
    this.#link = '';
  }

  fromRoot(bytes: Buffer): void {
    this.#write('fromRoot', bytes);
  }

  toRoot(bytes: Buffer): void {
    this.#write('toRoot', bytes);
  }

  linesSet({ dtr, rts }: ModemLines): void {
    this.#write('lines', Buffer.of(dtr ? 1 : 0, rts ? 1 : 0));
  }

  /** Starts recording a client; `name`: as in the log. */
  client(name: string): ClientRecorder {
    const channel = ++this.#channels;
    const nameBytes = textBytes(name);
    let namedIn = 0;
    const write = (kind: RecordKind, what: Buffer | string) => {
      const us = this.#prepare(MAX_CLIENT_LENGTH + nameBytes.length);
      if (namedIn !== this.#number) this.#append('client', us, channel, nameBytes);
      namedIn = this.#number;
      this.#append(kind, us, channel, textBytes(what), Buffer.byteLength(what));
    };
    return {
      asked: (what) => write(typeof what === 'string' ? 'call' : 'request', what),
      answered: (what) => write(typeof what === 'string' ? 'result' : 'reply', what),
      ended: (reason) => write('ended', reason),
    };
  }

  #rootLink(): LinkRecorder {
    return {
      opened: (facts) => this.opened(facts),
      notOpened: (reason, detail) => this.notOpened(reason, detail),
      closed: (reason, detail) => this.closed(reason, detail),
      received: (bytes) => this.fromRoot(bytes),
      sent: (bytes) => this.toRoot(bytes),
      linesSet: (lines) => this.linesSet(lines),
    };
  }

  /** Finishes the current block unless it is empty. */
  finishBlock(): void {
    if (this.#writer.isIdle) return;
    const { number } = this.#writer.head;
    const bytes = this.#writer.finish();
    this.#ring.push({ number, endUs: this.#nowUs(), bytes });
    this.#options.onBlock?.(bytes);
  }

  /** Reads up to `limit` bytes of the blocks that are held. */
  read({ after, lastMs }: ReadOptions, limit: number): RecordingPage {
    this.finishBlock();
    const since = lastMs === undefined ? 0 : this.#nowUs() - lastMs * 1000;
    const [run, number] = after?.split(':') ?? [];
    const isOfThisRun = run === this.run;
    const start = isOfThisRun ? Number(number) + 1 : (this.#ring.firstSince(since) ?? this.#number + 1);
    const blocks = this.#ring.from(start, limit);
    const first = blocks[0]?.number ?? start;
    const last = blocks.at(-1)?.number ?? start - 1;
    return {
      blocks: Buffer.concat(blocks.map(({ bytes }) => bytes)),
      cursor: `${this.run}:${last}`,
      more: last < this.#number,
      missed: after === undefined || isOfThisRun ? first - start : null,
    };
  }

  /** Splits the payload over several records if necessary. */
  #write(kind: RecordKind, payload: Buffer): void {
    for (let from = 0; from < payload.length; ) {
      const us = this.#prepare(1);
      const to = from + Math.min(this.#writer.room, MAX_PAYLOAD_LENGTH);
      this.#append(kind, us, ROOT_CHANNEL, payload.subarray(from, to));
      from = to;
    }
  }

  /** Makes room for `length` bytes in the current block or a new one; returns the current time in µs. */
  #prepare(length: number): number {
    const us = this.#nowUs();
    const isFull = this.#writer.room < length + EXTRA_ROOM || us - this.#writer.head.us > MAX_BLOCK_AGE_US;
    if (!this.#writer.isIdle && isFull) this.finishBlock();
    if (this.#writer.isIdle) this.#begin(us);
    else this.#noteClock(us);
    return us;
  }

  #begin(us: number): void {
    const host = this.#options.clock.now();
    this.#offset = host - us / 1000;
    this.#writer.begin({ host, us, number: ++this.#number });
    this.#append('link', us, ROOT_CHANNEL, textBytes(this.#link));
  }

  #noteClock(us: number): void {
    const host = this.#options.clock.now();
    const offset = host - us / 1000;
    if (Math.abs(offset - this.#offset) < CLOCK_JUMP_MS) return;
    const time = Buffer.alloc(8);
    time.writeDoubleBE(host);
    this.#offset = offset;
    this.#append('clock', us, ROOT_CHANNEL, time);
  }

  #append(kind: RecordKind, us: number, channel: number, payload: Buffer, wholeLength?: number): void {
    this.#records++;
    this.#writer.append(kind, us, channel, payload, wholeLength);
  }

  #nowUs(): number {
    return Math.round(this.#options.clock.monotonic() * 1000);
  }
}

/** The bytes to keep; cuts a long text before converting it. */
function textBytes(what: Buffer | string): Buffer {
  const bytes = typeof what === 'string' ? Buffer.from(what.slice(0, MAX_CLIENT_LENGTH)) : what;
  return bytes.subarray(0, MAX_CLIENT_LENGTH);
}
