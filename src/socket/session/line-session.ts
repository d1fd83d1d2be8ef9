/**
 * A session on a stream socket: one JSON text a line.
 *
 * Replies are never dropped: while a client leaves too much unread, no more of its requests are read. One that stays
 * behind for 10 s is told why, and closed.
 */
import type { Socket } from 'node:net';
import type { CancelTimer, Clock } from '../../clock.js';
import { CLOSING_REASONS, type ClosingReason, SessionError } from './errors.js';
import { LineBuffer } from './line-buffer.js';
import { errorReply, Session, type SessionParts } from './session.js';
import { notification } from './subscription.js';

export interface LineSessionSettings {
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
}

export interface LineSessionParts extends Omit<SessionParts, 'send' | 'isBehind'> {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly settings: LineSessionSettings;
  /** Ends the connection; what was sent before is still given to the client. */
  readonly onClosing: (reason: ClosingReason) => void;
}

/** Bytes of the longest line. */
export const MAX_LINE_LENGTH = 1_048_576;
/** A client that stays behind for so long is closed. */
const BEHIND_TIMEOUT_MS = 10_000;
/** How often it is looked whether a client has caught up. */
const LOOK_EVERY_MS = 100;
/** A reply of this many bytes alone does not make a client slow. */
const LARGE_REPLY = 65_536;

export class LineSession {
  readonly #parts: LineSessionParts;
  readonly #session: Session;
  readonly #lines = new LineBuffer((line) => this.#takeLine(line));
  #isCorked = false;
  #isClosed = false;
  /** Bytes of large replies that the system has not taken yet. */
  #largeReplies = 0;
  #behindSince: number | undefined;
  #cancelLook: CancelTimer = () => {};

  constructor(parts: LineSessionParts) {
    this.#parts = parts;
    this.#session = new Session({
      ...parts,
      send: (text) => this.#send(text),
      isBehind: () => this.#isBehind,
    });
  }

  /** Takes bytes of the client, however they are split. */
  push(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#lines.push(chunk);
    if (this.#lines.length > MAX_LINE_LENGTH) this.closing('LINE_TOO_LONG');
  }

  /** Tells the client why, and ends the session. */
  closing(reason: ClosingReason): void {
    if (this.#isClosed) return;
    if (reason === 'LINE_TOO_LONG') this.#send(errorReply(null, new SessionError('LINE_TOO_LONG')));
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
    return this.#parts.socket.writableLength - this.#largeReplies > this.#parts.settings.outboxLimit;
  }

  #takeLine(line: Buffer): void {
    if (this.#isClosed) return;
    if (line.length > MAX_LINE_LENGTH) {
      this.closing('LINE_TOO_LONG');
      return;
    }
    const text = line.toString('utf8').trim();
    if (text !== '') this.#session.receive(text);
  }

  #send(text: string): void {
    const { socket } = this.#parts;
    if (this.#isClosed || socket.destroyed) return;
    this.#cork();
    if (text.length < LARGE_REPLY) socket.write(`${text}\n`);
    else this.#sendLarge(`${text}\n`);
    if (this.#isBehind) this.#onBehind();
  }

  #sendLarge(line: string): void {
    const bytes = Buffer.from(line, 'utf8');
    this.#largeReplies += bytes.length;
    this.#parts.socket.write(bytes, () => {
      this.#largeReplies -= bytes.length;
    });
  }

  /** What is sent within one turn of the event loop goes out in one write. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#parts.socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#parts.socket.uncork();
    });
  }

  #onBehind(): void {
    if (this.#behindSince !== undefined) return;
    this.#behindSince = this.#parts.clock.monotonic();
    this.#parts.socket.pause();
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
    this.#parts.socket.resume();
    this.#session.onCaughtUp();
  }
}
