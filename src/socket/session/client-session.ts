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
    if (!this.#isClosed) this.#session.receive(text);
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
  whenIdle(): Promise<void> {
    return this.#session.whenIdle();
  }

  /** Ends the session; the connection is the owner's. */
  close(): void {
    this.#isClosed = true;
    this.#cancelLook();
    this.#session.close();
  }

  get #isBehind(): boolean {
    return this.#parts.transport.waitingBytes - this.#largeReplies > this.#parts.outboxLimit;
  }

  #send(text: string): void {
    if (this.#isClosed) return;
    if (text.length < LARGE_REPLY) this.#parts.transport.write(text);
    else this.#sendLarge(text);
    if (this.#isBehind) this.#onBehind();
  }

  #sendLarge(text: string): void {
    this.#largeReplies += text.length;
    this.#parts.transport.write(text, () => {
      this.#largeReplies -= text.length;
    });
  }

  #onBehind(): void {
    if (this.#behindSince !== undefined) return;
    this.#behindSince = this.#parts.clock.monotonic();
    this.#parts.transport.pause();
    this.#look();
  }

  #look(): void {
    this.#cancelLook = this.#parts.clock.after(LOOK_EVERY_MS, () => {
      const behindMs = this.#parts.clock.monotonic() - (this.#behindSince ?? 0);
      if (!this.#isBehind) this.#onCaughtUp();
      else if (behindMs >= BEHIND_TIMEOUT_MS) this.closing('SLOW_READER');
      else this.#look();
    });
  }

  #onCaughtUp(): void {
    this.#behindSince = undefined;
    this.#parts.transport.resume();
    this.#session.onCaughtUp();
  }
}
