import { FRAME_START, FrameDecoder } from '../../uart/frame.js';
import type { Span } from '../span.js';
import type { OnRootBytes } from '../virtual-uart.js';
import { type Disturbed, disturb } from './disturb.js';
import type { FaultContext, LineFault } from './fault.js';
import type { Fate, Ledger, LedgerEntry } from './ledger.js';
import { LineSpeed } from './line-speed.js';

/** One frame or console text after the faults; `entry` only for frames, and only with a ledger. */
interface Parcel extends Disturbed {
  readonly entry: LedgerEntry | undefined;
}

export interface FromRootOptions {
  /** Applied in this order. */
  readonly faults: readonly LineFault[];
  /** Without it, bytes arrive at once. */
  readonly line: { readonly baud: number; readonly latency: Span } | undefined;
  readonly ledger: Ledger | undefined;
}

/** The line from the root to the reader, with its faults. */
export class FromRoot {
  readonly #context: FaultContext;
  readonly #options: FromRootOptions;
  readonly #speed: LineSpeed<Parcel> | undefined;
  readonly #decoder: FrameDecoder;
  #body: Buffer = Buffer.alloc(0);
  #reader: OnRootBytes | undefined;

  constructor(context: FaultContext, options: FromRootOptions) {
    this.#context = context;
    this.#options = options;
    this.#speed =
      options.line &&
      new LineSpeed(context, {
        ...options.line,
        direction: 'from root',
        deliver: (bytes, finished) => this.#deliver(bytes, finished),
      });
    this.#decoder = new FrameDecoder({
      onFrame: (body) => {
        this.#body = body;
      },
      onOutside() {},
      onDrop() {},
      onNoise() {},
    });
  }

  get reader(): OnRootBytes | undefined {
    return this.#reader;
  }

  /** Sets another reader, or none: bytes in transit to the previous one are lost. */
  connect(reader: OnRootBytes | undefined): void {
    this.#reader = reader;
    for (const parcel of this.#speed?.flush() ?? []) this.#settle(parcel, 'unread');
  }

  /** Sends a complete frame or console text from the root. */
  send(chunk: Buffer, atMs: number): void {
    const isFrame = chunk[0] === FRAME_START;
    const entry = isFrame ? this.#options.ledger?.begin(this.#bodyOf(chunk), atMs) : undefined;
    const parcel = { entry, ...disturb(this.#options.faults, chunk, { atMs, isFrame }) };
    if (parcel.bytes.length === 0) this.#settle(parcel, 'lost');
    else if (!this.#speed) this.#deliver(parcel.bytes, [parcel]);
    else if (!this.#speed.send(parcel.bytes, parcel)) this.#overflow(parcel);
  }

  #overflow(parcel: Parcel): void {
    this.#context.counters.add('framesOverflowed');
    this.#settle({ ...parcel, causes: [...parcel.causes, 'line'] }, 'lost');
  }

  #deliver(bytes: Buffer, finished: readonly Parcel[]): void {
    const reader = this.#reader;
    reader?.(bytes, this.#context.timeline.now);
    for (const parcel of finished) {
      const arrived = parcel.causes.length > 0 ? 'damaged' : 'whole';
      this.#settle(parcel, reader ? arrived : 'unread');
    }
  }

  #settle({ entry, causes }: Parcel, fate: Exclude<Fate, 'pending'>): void {
    if (entry) this.#options.ledger?.settle(entry, fate, causes);
  }

  #bodyOf(frame: Buffer): Buffer {
    this.#decoder.push(frame);
    return this.#body;
  }
}
