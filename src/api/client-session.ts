/**
 * A session with limits, against clients that read too slowly or send too many requests.
 *
 * Replies are never dropped: while a client has too much unread, its requests wait. After 10 s over its limit the client
 * is sent the reason and closed. The unread bytes of all clients of a role are limited too: when that budget is
 * exhausted, no long reply is started, the limit of each client is lower, and the worst slow readers are closed.
 *
 * Requests are carried out one after the other in the client's turns; the socket is read again when they are done.
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
  extends Omit<SessionOptions, 'send' | 'isBackedUp' | 'lane' | 'onHeld' | 'eventTexts'> {
  readonly clock: Clock;
  readonly transport: SessionTransport;
  /** Bytes that may be queued for a client that does not read. */
  readonly outboxLimit: number;
  readonly shared: SharedLimits;
  /** Called when the amount of unprocessed input changes. */
  readonly onQueued?: () => void;
  /** Ends the connection after the output that is already queued. */
  readonly onClosing: (reason: ClosingReason) => void;
}

/** A client that is over its limit for this long is closed. */
const SLOW_READER_TIMEOUT_MS = 10_000;
/** How often a client that is over its limit is checked. */
const CHECK_EVERY_MS = 100;
/** Bytes that each client may leave unread while the budget of its role is exhausted. */
const OUTBOX_IN_SHORTAGE = 65_536;
/** Estimated bytes of a value that is held back for a client. */
const HELD_BACK_BYTES = 128;

export class ClientSession {
  readonly #options: ClientSessionOptions;
  readonly #session: Session;
  readonly #outgoing: Outgoing;
  readonly #lane: Lane;
  readonly #share: Share;
  #isClosed = false;
  /** Bytes of incomplete replies. */
  #heldBytes = 0;
  #backedUpSince: number | undefined;
  /** Input received before the transport was paused and not yet processed: at most one chunk. */
  #queue: string[] = [];
  #queuedBytes = 0;
  #isProcessing = false;
  #onQueueEmpty: (() => void)[] = [];
  #isPaused = false;
  #cancelCheck: CancelTimer | undefined;

  constructor(options: ClientSessionOptions) {
    const { shared, transport, role } = options;
    this.#options = options;
    this.#outgoing = new Outgoing(transport, () => this.#onProgress());
    this.#lane = shared.turns.lane(() => !this.#share.isExhausted);
    this.#share = shared.unread.open(
      role,
      () => this.#unreadBytes,
      () => this.#closeForBudget(),
    );
    this.#session = new Session({
      ...options,
      lane: this.#lane,
      eventTexts: shared.eventTexts,
      send: (text) => this.#send(text),
      isBackedUp: () => this.#isBackedUp,
      onHeld: (bytes) => {
        this.#heldBytes += bytes;
        this.#share.update(Math.max(0, bytes));
      },
    });
  }

  /** Processes one JSON text from the client. */
  receive(text: string): void {
    if (this.#isClosed) return;
    this.#queue.push(text);
    this.#queuedBytes += text.length;
    this.#processQueue();
    if (this.#queue.length > 0) this.#pause();
  }

  /** Characters of input not processed yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Bytes that the client has not read yet. */
  get waitingBytes(): number {
    return this.#outgoing.waitingBytes;
  }

  /** Sends the client the reason and ends the session. `last`: a message to send before that. */
  closing(reason: ClosingReason, last?: string): void {
    if (this.#isClosed) return;
    if (last !== undefined) this.#send(last);
    this.#send(notification('closing', { reason, text: CLOSING_REASONS[reason] }));
    this.finish();
    this.#options.onClosing(reason);
  }

  /** Resolves when all requests have been answered. */
  async whenIdle(): Promise<void> {
    if (this.#queue.length > 0 || this.#isProcessing) {
      await new Promise<void>((resolve) => this.#onQueueEmpty.push(resolve));
    }
    await this.#session.whenIdle();
  }

  /** Ends the session in order: all queued output is handed to the transport, which may then be ended. */
  finish(): void {
    this.#outgoing.flush();
    this.close();
  }

  /** Ends the session but not the connection, on which queued output is still sent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelCheck?.();
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#notifyQueueEmpty();
    this.#session.close();
    this.#lane.close();
    this.#share.close();
  }

  /** Drops the queued output to free memory; the next thing that the client reads is the reason. */
  #closeForBudget(): void {
    this.#outgoing.drop();
    this.closing('TOO_MUCH_UNREAD');
  }

  get #unreadBytes(): number {
    return this.waitingBytes + this.#heldBytes + this.#session.heldBack * HELD_BACK_BYTES;
  }

  get #limit(): number {
    const { outboxLimit } = this.#options;
    return this.#share.isExhausted ? Math.min(outboxLimit, OUTBOX_IN_SHORTAGE) : outboxLimit;
  }

  /** Too much is unread, large replies included: requests wait. */
  get #isFull(): boolean {
    return this.waitingBytes > this.#limit;
  }

  /** Too much is unread even without large replies: the client reads too slowly. */
  get #isBackedUp(): boolean {
    return this.#outgoing.smallBytes > this.#limit;
  }

  #send(text: JsonText): void {
    if (this.#isClosed) return;
    this.#options.tally.messages++;
    this.#outgoing.push(text);
    this.#share.update(lengthOf(text));
    if (this.#isBackedUp) this.#backedUpSince ??= this.#options.clock.monotonic();
    if (this.#isFull) this.#pause();
  }

  #onProgress(): void {
    this.#share.update();
  }

  #processQueue(): void {
    if (this.#isProcessing) return;
    this.#isProcessing = true;
    this.#lane.add(this.#queueWork());
  }

  *#queueWork(): Work {
    for (let text = this.#nextQueued(); text !== undefined; text = this.#nextQueued()) {
      yield* this.#session.work(text);
      this.#queuedBytes -= text.length;
      this.#options.onQueued?.();
      if (this.#queue.length > 0) yield 'next';
    }
    this.#isProcessing = false;
    if (this.#queue.length === 0) this.#notifyQueueEmpty();
    if (this.#isFull || this.#queue.length > 0) this.#scheduleCheck();
    else this.#resume();
  }

  #nextQueued(): string | undefined {
    return this.#isFull || this.#isClosed ? undefined : this.#queue.shift();
  }

  /** Stops reading from the client until its requests are processed and it has read enough. */
  #pause(): void {
    if (this.#isClosed) return;
    if (!this.#isPaused) this.#options.transport.pause();
    this.#isPaused = true;
    if (this.#isFull) this.#scheduleCheck();
  }

  #scheduleCheck(): void {
    this.#cancelCheck ??= this.#options.clock.after(CHECK_EVERY_MS, () => this.#tick());
  }

  #tick(): void {
    this.#cancelCheck = undefined;
    this.#share.update();
    if (!this.#isBackedUp) this.#lane.add(this.#catchUp());
    else if (this.#backedUpMs >= SLOW_READER_TIMEOUT_MS) this.closing('SLOW_READER');
    if (this.#isClosed) return;
    if (this.#isFull) this.#scheduleCheck();
    this.#processQueue();
  }

  get #backedUpMs(): number {
    return this.#backedUpSince === undefined ? 0 : this.#options.clock.monotonic() - this.#backedUpSince;
  }

  *#catchUp(): Work {
    if (this.#isBackedUp) return;
    this.#backedUpSince = undefined;
    this.#session.onCaughtUp();
    if (this.#queue.length > 0) yield 'next';
  }

  #resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    this.#options.transport.resume();
  }

  #notifyQueueEmpty(): void {
    const waiting = this.#onQueueEmpty;
    this.#onQueueEmpty = [];
    for (const resolve of waiting) resolve();
  }
}
