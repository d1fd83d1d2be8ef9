/**
 * What waits for one client: a number of packets, of which the oldest goes. A client that has taken nothing for 30 s
 * while a packet was being written to it is closed.
 */
import type { CancelTimer, Clock } from '../../base/clock.js';

export interface PacketOutletOptions {
  readonly clock: Clock;
  readonly maxPackets: number;
  /** Calls `onWritten` when the system has taken the bytes. */
  readonly write: (bytes: Buffer, onWritten: () => void) => void;
  readonly onDropped: () => void;
  readonly onStuck: () => void;
}

const STUCK_AFTER_MS = 30_000;
/**
 * Bytes given to the system before it has taken them. A gateway that was held up passes on some 50 packets for each second
 * in one turn, and none of them may be lost because of that.
 */
const MAX_IN_FLIGHT = 65_536;

export class PacketOutlet {
  readonly #options: PacketOutletOptions;
  readonly #queue: Buffer[] = [];
  #inFlight = 0;
  #sent = 0;
  #cancelStuck: CancelTimer | undefined;
  #isClosed = false;

  constructor(options: PacketOutletOptions) {
    this.#options = options;
  }

  /** Packets that the system has taken. */
  get sent(): number {
    return this.#sent;
  }

  get waitingBytes(): number {
    return this.#queue.reduce((sum, { length }) => sum + length, this.#inFlight);
  }

  push(packet: Buffer): void {
    if (this.#isClosed) return;
    if (this.#queue.length === 0 && this.#inFlight < MAX_IN_FLIGHT) {
      this.#write(packet);
      return;
    }
    this.#queue.push(packet);
    if (this.#queue.length <= this.#options.maxPackets) return;
    this.#queue.shift();
    this.#options.onDropped();
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
    this.#cancelStuck?.();
  }

  #write(packet: Buffer): void {
    const { clock, write, onStuck } = this.#options;
    if (this.#inFlight === 0) this.#cancelStuck = clock.after(STUCK_AFTER_MS, onStuck);
    this.#inFlight += packet.length;
    write(packet, () => this.#onWritten(packet.length));
  }

  #onWritten(length: number): void {
    const { clock, onStuck } = this.#options;
    this.#cancelStuck?.();
    this.#inFlight -= length;
    this.#sent++;
    if (this.#isClosed) return;
    if (this.#inFlight > 0) this.#cancelStuck = clock.after(STUCK_AFTER_MS, onStuck);
    while (this.#inFlight < MAX_IN_FLIGHT) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#write(next);
    }
  }
}
