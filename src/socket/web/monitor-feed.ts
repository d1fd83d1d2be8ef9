/**
 * What one dashboard of the classic kind gets, and when. The field's page keeps only the last of the messages that
 * arrive together, so they leave one by one; and while the last one has not gone out, nothing more is sent.
 */

import type { ClientTally } from '../../api/client-tally.js';
import type { CancelTimer, Clock } from '../../base/clock.js';

/** Sends one message; `onGone` is called once the system has taken it. */
export type SendMessage = (text: Buffer, onGone: () => void) => void;

/** ms between two messages: the 50 that the page needs, and what a timer may be early. */
export const MESSAGE_PAUSE_MS = 55;
/** Lines of the traffic log that wait for one dashboard; beyond that the oldest are dropped, and counted. */
export const LINES_WAITING = 50;

export class MonitorFeed {
  readonly #clock: Clock;
  readonly #send: SendMessage;
  readonly #tally: ClientTally;
  /** By kind: of each only the newest is worth sending. */
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

  /** Takes the place of a state of the same kind that still waits. `text` may be shared with other feeds. */
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

  /** States go first: there are few, and they change less often than lines come. */
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
