/**
 * A session together with what bounds it: a client that reads too slowly.
 *
 * Replies are never dropped: while a client leaves too much unread, no more of its requests are read. One that stays
 * behind for 10 s is told why, and closed.
 */
import type { CancelTimer, Clock } from '../../clock.js';
import { CLOSING_REASONS, type ClosingReason } from './errors.js';
import { Session, type SessionParts } from './session.js';
import { notification } from './subscription.js';

/** Carries whole JSON texts to a client. */
export interface SessionTransport {
  /** `onTaken`: the system has taken the text over. */
  write(text: string, onTaken?: () => void): void;
  /** Bytes that the system has not taken yet. */
  readonly waitingBytes: number;
  /** Stops reading what the client sends, and goes on with it. */
  pause(): void;
  resume(): void;
}

export interface ClientSessionParts extends Omit<SessionParts, 'send' | 'isBehind'> {
  readonly clock: Clock;
  readonly transport: SessionTransport;
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
  /** Ends the connection; what was sent before is still given to the client. */
  readonly onClosing: (reason: ClosingReason) => void;
}

/** A client that stays behind for so long is closed. */
const BEHIND_TIMEOUT_MS = 10_000;
/** How often it is looked whether a client has caught up. */
const LOOK_EVERY_MS = 100;
/** A reply of so many characters alone does not make a client slow. */
const LARGE_REPLY = 65_536;

export class ClientSession {
  readonly #parts: ClientSessionParts;
  readonly #session: Session;
  #isClosed = false;
  /** Characters of large replies that the system has not taken yet. */
  #largeReplies = 0;
  #behindSince: number | undefined;
  /** What the client sent before its transport was paused, and whose turn has not come: at most one chunk. */
  #postponed: string[] = [];
  #onAllTaken: (() => void)[] = [];
  #isPaused = false;
  #cancelLook: CancelTimer = () => {};

  constructor(parts: ClientSessionParts) {
    this.#parts = parts;
    this.#session = new Session({
      ...parts,
      send: (text) => this.#send(text),
      isBehind: () => this.#isBehind,
    });
  }

  /** Takes one JSON text of the client. */
  receive(text: string): void {
    if (this.#isClosed) return;
    if (this.#isFull || this.#postponed.length > 0) this.#postponed.push(text);
    else this.#session.receive(text);
  }

  /** Tells the client why, and ends the session. `last`: what it is told before that. */
  closing(reason: ClosingReason, last?: string): void {
    if (this.#isClosed) return;
    if (last !== undefined) this.#send(last);
    this.#send(notification('closing', { reason, text: CLOSING_REASONS[reason] }));
    this.close();
    this.#parts.onClosing(reason);
  }

  /** Resolves when every request has its reply. */
  async whenIdle(): Promise<void> {
    if (this.#postponed.length > 0) await new Promise<void>((resolve) => this.#onAllTaken.push(resolve));
    await this.#session.whenIdle();
  }

  /** Ends the session; the connection is the owner's. */
  close(): void {
    this.#isClosed = true;
    this.#cancelLook();
    this.#postponed = [];
    this.#tellAllTaken();
    this.#session.close();
  }

  /** More waits than may wait: no more requests are taken. */
  get #isFull(): boolean {
    return this.#parts.transport.waitingBytes > this.#parts.outboxLimit;
  }

  /** So it is without the large replies: the client reads too slowly. */
  get #isBehind(): boolean {
    return this.#parts.transport.waitingBytes - this.#largeReplies > this.#parts.outboxLimit;
  }

  #send(text: string): void {
    if (this.#isClosed) return;
    this.#parts.tally.messages++;
    if (text.length < LARGE_REPLY) this.#parts.transport.write(text);
    else this.#sendLarge(text);
    if (this.#isBehind) this.#behindSince ??= this.#parts.clock.monotonic();
    if (this.#isFull) this.#pause();
  }

  #sendLarge(text: string): void {
    this.#largeReplies += text.length;
    this.#parts.transport.write(text, () => {
      this.#largeReplies -= text.length;
    });
  }

  #pause(): void {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    this.#parts.transport.pause();
    this.#lookLater();
  }

  #lookLater(): void {
    this.#cancelLook = this.#parts.clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  #look(): void {
    if (!this.#isBehind) this.#onCaughtUp();
    else if (this.#behindMs >= BEHIND_TIMEOUT_MS) this.closing('SLOW_READER');
    this.#takePostponed();
    if (this.#isClosed) return;
    if (this.#isFull) this.#lookLater();
    else this.#resume();
  }

  get #behindMs(): number {
    return this.#behindSince === undefined ? 0 : this.#parts.clock.monotonic() - this.#behindSince;
  }

  #onCaughtUp(): void {
    this.#behindSince = undefined;
    this.#session.onCaughtUp();
  }

  #takePostponed(): void {
    for (let text = this.#nextPostponed(); text !== undefined; text = this.#nextPostponed()) {
      this.#session.receive(text);
    }
    if (this.#postponed.length === 0) this.#tellAllTaken();
  }

  #nextPostponed(): string | undefined {
    return this.#isFull ? undefined : this.#postponed.shift();
  }

  #resume(): void {
    this.#isPaused = false;
    this.#parts.transport.resume();
  }

  #tellAllTaken(): void {
    const waiting = this.#onAllTaken;
    this.#onAllTaken = [];
    for (const resolve of waiting) resolve();
  }
}
