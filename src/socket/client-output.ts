/** What is sent to one client: bounded, alone and together with what all clients of its role leave unread. */
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
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
  /** The dialect bounds by itself what waits. */
  readonly isBoundedElsewhere: () => boolean;
  /** Ends the connection. */
  readonly onTooMuch: (reason: 'slowReader' | 'tooMuchUnread') => void;
}

/** A client has this long to take a piece of a reply, and the last of it. */
export const TAKE_TIMEOUT_MS = 10_000;

export class ClientOutput {
  readonly tally = new ClientTally();
  /** The client's turns; nothing long begins in them while clients of its role leave too much unread. */
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
    this.lane = shared.turns.lane(() => !this.isBudgetUsedUp);
    this.#share = shared.unread.open(
      role,
      () => (options.isBoundedElsewhere() ? 0 : this.waitingBytes),
      () => options.onTooMuch('tooMuchUnread'),
    );
  }

  /** Bytes that wait, here or for the client to read. */
  get waitingBytes(): number {
    return this.#outbox.waitingBytes;
  }

  /** Clients of this role leave so much unread that nothing long may begin. */
  get isBudgetUsedUp(): boolean {
    return this.#share.isUsedUp;
  }

  /** A message that arrives by itself. A client that leaves too much unread is closed: a silent hole would be worse. */
  push(message: Buffer): void {
    if (this.#isFinished) return;
    if (this.#outbox.push(message)) {
      this.tally.messages++;
      this.#share.update(message.length);
      return;
    }
    this.tally.dropped++;
    this.#options.onTooMuch('slowReader');
  }

  /** A reply, or a piece of one; false where more waits than the client takes at once. */
  write(bytes: Buffer): boolean {
    const isTaken = this.#socket.write(bytes);
    this.#share.update(bytes.length);
    return isTaken;
  }

  /** Resolves when the client has taken what waits for it, or the connection is over. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#share.update();
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      const cancel = this.#options.clock.after(TAKE_TIMEOUT_MS, () => this.#options.onTooMuch('slowReader'));
      this.#socket.once('drain', done).once('close', done);
    });
  }

  /** Nothing more is pushed; what waits between two messages is written. */
  finish(): void {
    this.#isFinished = true;
    this.#outbox.flush();
  }

  /** The connection is over. */
  close(): void {
    this.#isFinished = true;
    this.#outbox.close();
    this.lane.close();
    this.#share.close();
  }
}
