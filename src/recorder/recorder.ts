/**
 * The flight recorder: every byte from and to the UART, and what clients ask and are answered, with times. Recording
 * copies into memory that is there already; finished blocks go to the ring, and to whoever keeps them longer.
 */
import type { Clock } from '../base/clock.js';
import type { LinkDownReason, ModemLines } from '../link/link.js';
import { BlockWriter, MAX_PAYLOAD_LENGTH, type RecordKind } from './block.js';
import { BlockRing } from './block-ring.js';
import { encodeLinkFacts, type LinkFacts } from './link-facts.js';

export interface RecorderOptions {
  readonly clock: Clock;
  /** Bytes of memory. */
  readonly limit: number;
  /** Given each block that is finished. */
  readonly onBlock?: (bytes: Buffer) => void;
}

/** Which blocks: those behind a cursor, those of the last ms, or all that are held. */
export interface ReadWish {
  readonly after?: string | undefined;
  readonly lastMs?: number | undefined;
}

export interface RecordingPage {
  /** Whole blocks, one behind the other. */
  readonly blocks: Buffer;
  /** To go on behind them. */
  readonly cursor: string;
  /** More can be read at once. */
  readonly more: boolean;
  /** Blocks behind `after` that are held no longer; null: they were of an earlier run. */
  readonly missed: number | null;
}

/** What one client says and is answered: bytes of the classic dialect, or JSON texts. */
export interface ClientRecorder {
  asked(what: Buffer | string): void;
  answered(what: Buffer | string): void;
  ended(reason: string): void;
}

/** A client's text is cut to so many bytes: a reply can have megabytes, and would push out hours of the UART. */
export const MAX_CLIENT_LENGTH = 4096;
/** A block is finished when it is this old, so that its times stay near to both clocks. */
const MAX_BLOCK_AGE_US = 60_000_000;
/** The two clocks are read one after the other: less than this is no setting of the clock. */
const CLOCK_JUMP_MS = 10;
/** For the records that can come with one: a setting of the clock, the name of a client. */
const ROOM_BESIDE = 128;
const UART_CHANNEL = 0;
const SEPARATOR = '\0';

export class Recorder {
  /** Tells this run of the gateway from others. */
  readonly run: string;
  readonly #options: RecorderOptions;
  readonly #writer = new BlockWriter();
  readonly #ring: BlockRing;
  #number = 0;
  /** As in a record of the kind `opened`; empty where there is none. */
  #link = '';
  #channels = 0;
  #records = 0;
  /** Host clock minus monotonic clock, ms. */
  #offset = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.run = options.clock.now().toString(36);
    this.#ring = new BlockRing(options.limit);
  }

  counters() {
    return { records: this.#records, blocks: this.#number, ...this.#ring.counters() };
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

  /** Begins to record a client; `name` is what the log calls it. */
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

  /** Finishes the block that is being filled, if there is anything in it. */
  finishBlock(): void {
    if (this.#writer.isIdle) return;
    const { number } = this.#writer.head;
    const bytes = this.#writer.finish();
    this.#ring.push({ number, endUs: this.#nowUs(), bytes });
    this.#options.onBlock?.(bytes);
  }

  /** What is held, up to `limit` bytes of it at once. */
  read({ after, lastMs }: ReadWish, limit: number): RecordingPage {
    this.finishBlock();
    const since = lastMs === undefined ? 0 : this.#nowUs() - lastMs * 1000;
    const [run, number] = after?.split(':') ?? [];
    const isOfThisRun = run === this.run;
    const wanted = isOfThisRun ? Number(number) + 1 : (this.#ring.firstSince(since) ?? this.#number + 1);
    const blocks = this.#ring.from(wanted, limit);
    const first = blocks[0]?.number ?? wanted;
    const last = blocks.at(-1)?.number ?? wanted - 1;
    return {
      blocks: Buffer.concat(blocks.map(({ bytes }) => bytes)),
      cursor: `${this.run}:${last}`,
      more: last < this.#number,
      missed: after === undefined || isOfThisRun ? first - wanted : null,
    };
  }

  /** As many records as it takes. */
  #write(kind: RecordKind, payload: Buffer): void {
    for (let from = 0; from < payload.length; ) {
      const us = this.#prepare(1);
      const to = from + Math.min(this.#writer.room, MAX_PAYLOAD_LENGTH);
      this.#append(kind, us, UART_CHANNEL, payload.subarray(from, to));
      from = to;
    }
  }

  /** Makes room for so many bytes, in the block that is being filled or in a new one; gives the present time in µs. */
  #prepare(length: number): number {
    const us = this.#nowUs();
    const isFull = this.#writer.room < length + ROOM_BESIDE || us - this.#writer.head.us > MAX_BLOCK_AGE_US;
    if (!this.#writer.isIdle && isFull) this.finishBlock();
    if (this.#writer.isIdle) this.#begin(us);
    else this.#noteClock(us);
    return us;
  }

  #begin(us: number): void {
    const host = this.#options.clock.now();
    this.#offset = host - us / 1000;
    this.#writer.begin({ host, us, number: ++this.#number });
    this.#append('link', us, UART_CHANNEL, textBytes(this.#link));
  }

  #noteClock(us: number): void {
    const host = this.#options.clock.now();
    const offset = host - us / 1000;
    if (Math.abs(offset - this.#offset) < CLOCK_JUMP_MS) return;
    const time = Buffer.alloc(8);
    time.writeDoubleBE(host);
    this.#offset = offset;
    this.#append('clock', us, UART_CHANNEL, time);
  }

  #append(kind: RecordKind, us: number, channel: number, payload: Buffer, wholeLength?: number): void {
    this.#records++;
    this.#writer.append(kind, us, channel, payload, wholeLength);
  }

  #nowUs(): number {
    return Math.round(this.#options.clock.monotonic() * 1000);
  }
}

/** The first bytes, as many as are kept; a long text is not converted for that. */
function textBytes(what: Buffer | string): Buffer {
  const bytes = typeof what === 'string' ? Buffer.from(what.slice(0, MAX_CLIENT_LENGTH)) : what;
  return bytes.subarray(0, MAX_CLIENT_LENGTH);
}
