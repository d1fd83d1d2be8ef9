/**
 * A session together with what bounds it: a client that reads too slowly, or asks for much.
 *
 * Replies are never dropped: while a client leaves too much unread, no more of its requests are carried out. One that
 * stays behind for 10 s is told why, and closed. What all clients of a role leave unread is bounded too: while that is
 * used up, nothing long is begun, each may leave less, and the worst of those that do not read are closed.
 *
 * Its requests are carried out in its turns, one after the other; the next ones are read when they are done.
 */
import type { CancelTimer, Clock } from '../base/clock.js';
import type { Lane, Work } from '../base/turns.js';
import type { Share } from './byte-budget.js';
import { CLOSING_REASONS, type ClosingReason } from './errors.js';
import { type JsonText, lengthOf } from './long-reply.js';
import { Outgoing, type SessionTransport } from './outgoing.js';
import { Session, type SessionOptions } from './session.js';
import type { SharedLimits } from './shared-limits.js';
import { notification } from './subscription.js';

export interface ClientSessionOptions
  extends Omit<SessionOptions, 'send' | 'isBehind' | 'lane' | 'onHeld' | 'eventTexts'> {
  readonly clock: Clock;
  readonly transport: SessionTransport;
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
  readonly shared: SharedLimits;
  /** What the client has sent and was not carried out has changed. */
  readonly onQueued?: () => void;
  /** Ends the connection; what was sent before is still given to the client. */
  readonly onClosing: (reason: ClosingReason) => void;
}

/** A client that stays behind for so long is closed. */
const BEHIND_TIMEOUT_MS = 10_000;
/** How often it is looked whether a client has caught up. */
const CHECK_EVERY_MS = 100;
/** Bytes that each may leave unread while all clients of its role together leave too much. */
const OUTBOX_IN_SHORTAGE = 65_536;
/** What a value costs that is held back for a client. */
const HELD_BACK_BYTES = 128;

export class ClientSession {
  readonly #options: ClientSessionOptions;
  readonly #session: Session;
  readonly #outgoing: Outgoing;
  readonly #lane: Lane;
  readonly #share: Share;
  #isClosed = false;
  /** Bytes of replies that are not whole yet. */
  #heldBytes = 0;
  #behindSince: number | undefined;
  /** What the client sent before its transport was paused, and whose turn has not come: at most one chunk. */
  #queue: string[] = [];
  #queuedBytes = 0;
  #isTaking = false;
  #onAllTaken: (() => void)[] = [];
  #isPaused = false;
  #cancelCheck: CancelTimer | undefined;

  constructor(options: ClientSessionOptions) {
    const { shared, transport, role } = options;
    this.#options = options;
    this.#outgoing = new Outgoing(transport, () => this.#onProgress());
    this.#lane = shared.turns.lane(() => !this.#share.isUsedUp);
    this.#share = shared.unread.open(
      role,
      () => this.#unreadBytes,
      () => this.#closeAsWorst(),
    );
    this.#session = new Session({
      ...options,
      lane: this.#lane,
      eventTexts: shared.eventTexts,
      send: (text) => this.#send(text),
      isBehind: () => this.#isBehind,
      onHeld: (bytes) => {
        this.#heldBytes += bytes;
        this.#share.update(Math.max(0, bytes));
      },
    });
  }

  /** Takes one JSON text of the client. */
  receive(text: string): void {
    if (this.#isClosed) return;
    this.#queue.push(text);
    this.#queuedBytes += text.length;
    this.#takeQueue();
    if (this.#queue.length > 0) this.#pause();
  }

  /** Characters that the client has sent and that are not carried out yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Bytes that the client has not taken yet. */
  get waitingBytes(): number {
    return this.#outgoing.waitingBytes;
  }

  /** Tells the client why, and ends the session. `last`: what it is told before that. */
  closing(reason: ClosingReason, last?: string): void {
    if (this.#isClosed) return;
    if (last !== undefined) this.#send(last);
    this.#send(notification('closing', { reason, text: CLOSING_REASONS[reason] }));
    this.finish();
    this.#options.onClosing(reason);
  }

  /** Resolves when every request has its reply. */
  async whenIdle(): Promise<void> {
    if (this.#queue.length > 0 || this.#isTaking) {
      await new Promise<void>((resolve) => this.#onAllTaken.push(resolve));
    }
    await this.#session.whenIdle();
  }

  /** Ends the session in order: the transport has all that the client is still given, and may be ended. */
  finish(): void {
    this.#outgoing.flush();
    this.close();
  }

  /** Ends the session; the connection is the owner's. What was sent goes on to the client as long as that stands. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelCheck?.();
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#tellAllTaken();
    this.#session.close();
    this.#lane.close();
    this.#share.close();
  }

  /** What waits for it is dropped, so that there is room; the reason is the first that it reads then. */
  #closeAsWorst(): void {
    this.#outgoing.drop();
    this.closing('TOO_MUCH_UNREAD');
  }

  get #unreadBytes(): number {
    return this.waitingBytes + this.#heldBytes + this.#session.heldBack * HELD_BACK_BYTES;
  }

  get #limit(): number {
    const { outboxLimit } = this.#options;
    return this.#share.isUsedUp ? Math.min(outboxLimit, OUTBOX_IN_SHORTAGE) : outboxLimit;
  }

  /** More waits than may wait: no more requests are carried out. */
  get #isFull(): boolean {
    return this.waitingBytes > this.#limit;
  }

  /** So it is without the large replies: the client reads too slowly. */
  get #isBehind(): boolean {
    return this.#outgoing.smallBytes > this.#limit;
  }

  #send(text: JsonText): void {
    if (this.#isClosed) return;
    this.#options.tally.messages++;
    this.#outgoing.push(text);
    this.#share.update(lengthOf(text));
    if (this.#isBehind) this.#behindSince ??= this.#options.clock.monotonic();
    if (this.#isFull) this.#pause();
  }

  #onProgress(): void {
    this.#share.update();
  }

  #takeQueue(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    this.#lane.add(this.#carryOutQueue());
  }

  *#carryOutQueue(): Work {
    for (let text = this.#nextQueued(); text !== undefined; text = this.#nextQueued()) {
      yield* this.#session.work(text);
      this.#queuedBytes -= text.length;
      this.#options.onQueued?.();
      if (this.#queue.length > 0) yield 'next';
    }
    this.#isTaking = false;
    if (this.#queue.length === 0) this.#tellAllTaken();
    if (this.#isFull || this.#queue.length > 0) this.#lookLater();
    else this.#resume();
  }

  #nextQueued(): string | undefined {
    return this.#isFull || this.#isClosed ? undefined : this.#queue.shift();
  }

  /** No more is read of what the client sends, until what it sent is carried out and it has read enough. */
  #pause(): void {
    if (this.#isClosed) return;
    if (!this.#isPaused) this.#options.transport.pause();
    this.#isPaused = true;
    if (this.#isFull) this.#lookLater();
  }

  #lookLater(): void {
    this.#cancelCheck ??= this.#options.clock.after(CHECK_EVERY_MS, () => this.#tick());
  }

  #tick(): void {
    this.#cancelCheck = undefined;
    this.#share.update();
    if (!this.#isBehind) this.#lane.add(this.#catchUp());
    else if (this.#behindMs >= BEHIND_TIMEOUT_MS) this.closing('SLOW_READER');
    if (this.#isClosed) return;
    if (this.#isFull) this.#lookLater();
    this.#takeQueue();
  }

  get #behindMs(): number {
    return this.#behindSince === undefined ? 0 : this.#options.clock.monotonic() - this.#behindSince;
  }

  *#catchUp(): Work {
    if (this.#isBehind) return;
    this.#behindSince = undefined;
    this.#session.onCaughtUp();
    if (this.#queue.length > 0) yield 'next';
  }

  #resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    this.#options.transport.resume();
  }

  #tellAllTaken(): void {
    const waiting = this.#onAllTaken;
    this.#onAllTaken = [];
    for (const resolve of waiting) resolve();
  }
}
