/** The output of one client, limited per client and together with all clients of its role. */
import type { Socket } from 'node:net';
import type { Share } from '../api/byte-budget.js';
import { ClientTally } from '../api/client-tally.js';
import type { SharedLimits } from '../api/shared-limits.js';
import type { Clock } from '../base/clock.js';
import type { Lane } from '../base/turns.js';
import type { Role } from '../config/role.js';
import { Outbox } from './outbox.js';

export interface ClientOutputOptions {
  readonly clock: Clock;
  readonly role: Role;
  readonly shared: SharedLimits;
  /** Bytes that may be queued for a client that does not read. */
  readonly outboxLimit: number;
  /** The dialect limits its own queue. */
  readonly isBoundedByDialect: () => boolean;
  /** Ends the connection. */
  readonly onOverBudget: (reason: 'slowReader' | 'tooMuchUnread') => void;
}

/** Time for a client to read a piece of a reply, and its end. */
export const TAKE_TIMEOUT_MS = 10_000;

export class ClientOutput {
  readonly tally = new ClientTally();
  /** The client's turns; no long work is started while the budget of its role is exhausted. */
  readonly lane: Lane;
  readonly #socket: Socket;
  readonly #options: ClientOutputOptions;
  readonly #outbox: Outbox;
  readonly #share: Share;
  #isFinished = false;

  constructor(socket: Socket, options: ClientOutputOptions) {
    const { clock, role, shared, outboxLimit } = options;
    this.#socket = socket;
    this.#options = options;
    this.#outbox = new Outbox(socket, outboxLimit, clock);
    this.lane = shared.turns.lane(() => !this.isBudgetExhausted);
    this.#share = shared.unread.open(
      role,
      () => (options.isBoundedByDialect() ? 0 : this.waitingBytes),
      () => options.onOverBudget('tooMuchUnread'),
    );
  }

  /** Bytes queued here or not yet read by the client. */
  get waitingBytes(): number {
    return this.#outbox.waitingBytes;
  }

  /** Clients of this role have too much unread: no long work may be started. */
  get isBudgetExhausted(): boolean {
    return this.#share.isExhausted;
  }

  /** Sends a message in its own write. A client with too much unread is closed: a silent gap would be worse. */
  push(message: Buffer): void {
    if (this.#isFinished) return;
    if (this.#outbox.push(message)) {
      this.tally.messages++;
      this.#share.update(message.length);
      return;
    }
    this.tally.dropped++;
    this.#options.onOverBudget('slowReader');
  }

  /** Writes a reply or a piece of one; false if the client has to read first. */
  write(bytes: Buffer): boolean {
    const isTaken = this.#socket.write(bytes);
    this.#share.update(bytes.length);
    return isTaken;
  }

  /** Resolves when the client has read the queue, or the connection has ended. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#share.update();
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      const cancel = this.#options.clock.after(TAKE_TIMEOUT_MS, () =>
        this.#options.onOverBudget('slowReader'),
      );
      this.#socket.once('drain', done).once('close', done);
    });
  }

  /** Stops pushing messages and flushes the queue. */
  finish(): void {
    this.#isFinished = true;
    this.#outbox.flush();
  }

  /** The connection has ended. */
  close(): void {
    this.#isFinished = true;
    this.#outbox.close();
    this.lane.close();
    this.#share.close();
  }
}
