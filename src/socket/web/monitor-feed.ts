/**
 * The messages to one classic dashboard, and their pace. The field's page keeps only the last of several messages that
 * arrive together, so they are sent one at a time, each after the previous one has gone out.
 */

import type { ClientTally } from '../../api/client-tally.js';
import type { CancelTimer, Clock } from '../../base/clock.js';

/** Sends one message; `onSent` is called when the system has accepted it. */
export type SendMessage = (text: Buffer, onSent: () => void) => void;

/** ms between two messages: the page needs 50, plus a margin for timers that fire early. */
export const MESSAGE_PAUSE_MS = 55;
/** Lines of the traffic log queued for one dashboard; beyond that the oldest are dropped and counted. */
export const LINES_WAITING = 50;

export class MonitorFeed {
  readonly #clock: Clock;
  readonly #send: SendMessage;
  readonly #tally: ClientTally;
  /** By kind: only the newest of each is sent. */
  readonly #states = new Map<string, Buffer>();
  readonly #lines: Buffer[] = [];
  #isWaiting = false;
  #isClosed = false;
  #cancelPause: CancelTimer = () => {};

  constructor(clock: Clock, send: SendMessage, tally: ClientTally) {
    this.#clock = clock;
    this.#send = send;
    this.#tally = tally;
  }

  /** Replaces a waiting state of the same kind. `text` may be shared with other feeds. */
  setState(kind: string, text: Buffer): void {
    const replaced = this.#states.get(kind);
    if (replaced && replaced !== text) this.#tally.coalesced++;
    this.#states.set(kind, text);
    this.#sendNext();
  }

  addLine(text: Buffer): void {
    if (this.#lines.length >= LINES_WAITING) {
      this.#lines.shift();
      this.#tally.dropped++;
    }
    this.#lines.push(text);
    this.#sendNext();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelPause();
    this.#states.clear();
    this.#lines.length = 0;
  }

  #sendNext(): void {
    if (this.#isWaiting || this.#isClosed) return;
    const text = this.#takeState() ?? this.#lines.shift();
    if (!text) return;
    this.#isWaiting = true;
    this.#send(text, () => this.#pause());
  }

  /** States go first: there are few, and they change less often than lines arrive. */
  #takeState(): Buffer | undefined {
    for (const [kind, text] of this.#states) {
      this.#states.delete(kind);
      return text;
    }
    return undefined;
  }

  #pause(): void {
    if (this.#isClosed) return;
    this.#cancelPause = this.#clock.after(MESSAGE_PAUSE_MS, () => {
      this.#isWaiting = false;
      this.#sendNext();
    });
  }
}
