/** A client of a broadcast port: it gets every packet, and what it sends is ignored. */
import type { CancelTimer } from '../../base/clock.js';
import type { Connection, Dialect, DialectType } from '../../socket/connection.js';
import { PacketOutlet } from './packet-outlet.js';
import type { ServerCounts } from './server-counts.js';

export interface BroadcastOptions {
  /** Calls `listener` for each packet; returns a function that unsubscribes. */
  readonly subscribe: (listener: (packet: Buffer) => void) => () => void;
  /** Packets that wait for a client. */
  readonly queue: number;
  readonly counts: ServerCounts;
}

/** A client that has closed its writing side may still read; it is gone when it takes nothing in this time. */
const HALF_CLOSED_MS = 30_000;

export function broadcastDialect(options: BroadcastOptions): DialectType {
  return {
    isSpokenBy: () => true,
    open: (connection) => new BroadcastClient(connection, options),
    refusal: () => Buffer.alloc(0),
  };
}

class BroadcastClient implements Dialect {
  readonly #connection: Connection;
  readonly #outlet: PacketOutlet;
  readonly #unsubscribe: () => void;
  #cancelHalfClosed: CancelTimer = () => {};

  constructor(connection: Connection, { subscribe, queue, counts }: BroadcastOptions) {
    const { tally } = connection.output;
    this.#connection = connection;
    this.#outlet = new PacketOutlet({
      clock: connection.options.clock,
      maxPackets: queue,
      write: (bytes, onWritten) => {
        tally.messages++;
        connection.socket.write(bytes, onWritten);
      },
      onDropped: () => {
        tally.dropped++;
        counts.add('packetsDropped');
      },
      onStuck: () => connection.end('slowReader'),
    });
    connection.decide('listening');
    this.#unsubscribe = subscribe((packet) => this.#outlet.push(packet));
  }

  get waitingBytes(): number {
    return this.#outlet.waitingBytes;
  }

  onBytes(): void {}

  onClientEnd(): void {
    const { sent } = this.#outlet;
    this.#cancelHalfClosed = this.#connection.options.clock.after(HALF_CLOSED_MS, () => {
      if (this.#outlet.sent === sent) this.#connection.finish('clientLeft');
      else this.onClientEnd();
    });
  }

  /** It has said nothing, and need not. */
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
    this.#cancelHalfClosed();
    this.#unsubscribe();
    this.#outlet.close();
  }
}
