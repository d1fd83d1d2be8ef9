/** Envelopes on a TCP connection: decodes and encodes, nothing else. */
import type { Share } from '../../api/byte-budget.js';
import type { CancelTimer } from '../../base/clock.js';
import { RateLimit } from '../../base/rate-limit.js';
import type { Envelope, EnvelopeForm } from '../../codecs/dataforge/envelope.js';
import {
  type EnvelopeLimits,
  EnvelopeReader,
  READ_FAULTS,
  type ReadFault,
} from '../../codecs/dataforge/envelope-reader.js';
import { BUSY_TEXT, errorMeta } from '../../codecs/dataforge/hv-messages.js';
import type { Connection, Dialect, DialectType } from '../../socket/connection.js';
import type { ClientCounts } from './client-counts.js';
import type { HardwareManager, Sender } from './hardware-manager.js';
import { Message } from './message.js';
import { Outlet } from './outlet.js';

export interface EnvelopeDialectOptions {
  readonly manager: HardwareManager;
  readonly limits: EnvelopeLimits;
  /** Messages that may wait for a client. */
  readonly queue: number;
  readonly counts: ClientCounts;
  /** Data of commands is not looked at. */
  readonly ignoresData: boolean;
}

/** For the rest of an envelope that has begun. */
const UNFINISHED_MS = 30_000;
/** Messages of one client. */
export const RATE = { atOnce: 200, perSecond: 100 };

const NOTHING = Buffer.alloc(0);

/** Spoken by every client of the port, whether or not it has sent anything. */
export function envelopeDialect(options: EnvelopeDialectOptions): DialectType {
  return {
    isSpokenBy: () => true,
    open: (connection) => new EnvelopeClient(connection, options),
    refusal: () => {
      const meta = errorMeta(8, `${BUSY_TEXT}: too many clients`);
      return new Message({ meta }, Date.now()).envelope('tagged');
    },
  };
}

class EnvelopeClient implements Dialect {
  readonly #connection: Connection;
  readonly #options: EnvelopeDialectOptions;
  readonly #reader: EnvelopeReader;
  readonly #outlet: Outlet;
  readonly #rate: RateLimit;
  readonly #share: Share;
  readonly #sender: Sender;
  readonly #unsubscribe: () => void;
  /** As the client's first message; `tagged` unless that is DF03. */
  #form: EnvelopeForm | undefined;
  #skippedBytes = 0;
  #cancelUnfinished: CancelTimer | undefined;

  constructor(connection: Connection, options: EnvelopeDialectOptions) {
    const { clock, shared, role } = connection.options;
    const { manager, counts } = options;
    this.#connection = connection;
    this.#options = options;
    this.#reader = new EnvelopeReader(options.limits);
    this.#rate = new RateLimit(clock, RATE);
    this.#sender = { name: connection.name, mayCommand: role !== 'read' };
    this.#outlet = new Outlet({
      clock,
      maxMessages: options.queue,
      encode: (message) => message.envelope(this.#form ?? 'tagged'),
      write: (bytes, onWritten) => connection.socket.write(bytes, onWritten),
      onSent: () => {
        connection.output.tally.messages++;
      },
      onDropped: (count) => {
        connection.output.tally.dropped += count;
        counts.add('readingsDropped', count);
      },
      onSlow: () => connection.end('slowReader'),
    });
    this.#share = shared.unfinished.open(
      role,
      () => this.#reader.heldBytes,
      () => connection.end('tooMuchUnfinished'),
    );
    connection.decide('listening');
    this.#unsubscribe = manager.subscribe((message) => this.#outlet.push(message));
  }

  get waitingBytes(): number {
    return this.#outlet.waitingBytes;
  }

  onBytes(chunk: Buffer): void {
    const received = this.#reader.push(chunk);
    for (const one of received) {
      if ('fault' in one) this.#onFault(one.fault);
      else this.#onEnvelope(one.envelope, one.size);
    }
    if (received.length > 0) this.#endUnfinished();
    this.#countSkipped();
    this.#share.update(chunk.length);
    this.#watchUnfinished();
    if (this.#reader.isOver) this.#connection.finish('refused');
  }

  onClientEnd(): void {
    this.#connection.finish('clientLeft');
  }

  /** A client that only reads has said nothing, and is served. */
  onTimeout(): void {}

  refuse(): void {
    this.#connection.finish('tooMany');
  }

  stop(): void {
    this.stopNow();
  }

  stopNow(): void {
    this.#connection.finish('stopped');
  }

  close(): void {
    this.#endUnfinished();
    this.#unsubscribe();
    this.#outlet.close();
    this.#share.close();
  }

  #onEnvelope({ form, meta, data }: Envelope, size: number): void {
    const { manager, counts, ignoresData } = this.#options;
    this.#form ??= form === 'df03' ? 'df03' : 'tagged';
    counts.add('messages');
    if (!this.#rate.take()) {
      counts.add('tooFast');
      this.#outlet.push(manager.errorFor({ code: 8, description: `${BUSY_TEXT}: too many messages` }));
      return;
    }
    const refusal = manager.offer({ meta, data: ignoresData ? NOTHING : data, size, from: this.#sender });
    if (refusal) this.#outlet.push(refusal);
  }

  #onFault(fault: ReadFault): void {
    this.#options.counts.add(fault);
    this.#outlet.push(this.#options.manager.errorFor({ code: 4, description: READ_FAULTS[fault] }));
  }

  #countSkipped(): void {
    const { skippedBytes } = this.#reader;
    this.#options.counts.add('skippedBytes', skippedBytes - this.#skippedBytes);
    this.#skippedBytes = skippedBytes;
  }

  #watchUnfinished(): void {
    const { clock } = this.#connection.options;
    if (!this.#reader.isInEnvelope) this.#endUnfinished();
    else this.#cancelUnfinished ??= clock.after(UNFINISHED_MS, () => this.#onUnfinished());
  }

  #endUnfinished(): void {
    this.#cancelUnfinished?.();
    this.#cancelUnfinished = undefined;
  }

  #onUnfinished(): void {
    const { manager, counts } = this.#options;
    counts.add('unfinished');
    this.#outlet.push(manager.errorFor({ code: 4, description: 'the envelope was not completed in 30 s' }));
    this.#connection.finish('timedOut');
  }
}
