/**
 * What is sent to an instrument, one line at a time: the next line waits for the reply to the last one, or its time-out.
 *
 * After a time-out the same time passes again before the next line, so that a late reply is not taken for the reply to
 * another line.
 */
import type { CancelTimer, Clock } from '../../base/clock.js';

/** `rejected`: an error reply. `unsent`: the link was lost, or refused the bytes. */
export type ExchangeEnd = 'done' | 'noReply' | 'rejected' | 'unsent' | 'cancelled';

/** `other`: not a reply to it. */
export type ReplyVerdict = 'reply' | 'rejected' | 'other';

export interface Exchange {
  readonly line: string;
  /** Undefined: no reply is awaited. */
  readonly judge?: ((line: string) => ReplyVerdict) | undefined;
  readonly timeoutMs: number;
  /** The line was written. */
  readonly onSent?: () => void;
  readonly onEnd?: (end: ExchangeEnd) => void;
}

export interface DialogOptions {
  readonly clock: Clock;
  readonly write: (line: string) => Promise<void>;
  /** Pause after each line. */
  readonly gapMs: number;
}

/** More than all polls and commands of one device together. */
const MAX_WAITING = 512;

export class Dialog {
  readonly #options: DialogOptions;
  #waiting: Exchange[] = [];
  #current: Exchange | undefined;
  /** `late`: its time is over, but a late reply is still accepted; `resting`: it has ended, in the pause after it. */
  #state: 'sent' | 'late' | 'resting' = 'resting';
  /** Those at the front of the waiting. */
  #urgentCount = 0;
  #cancelTimer: CancelTimer = () => {};
  readonly #counts = { sent: 0, repliesMissing: 0, repliesLate: 0, repliesRejected: 0 };

  constructor(options: DialogOptions) {
    this.#options = options;
  }

  counters() {
    return this.#counts;
  }

  /** `isUrgent`: before all that wait and are not. Returns false, and ends it as `cancelled`, if too many wait. */
  add(exchange: Exchange, isUrgent = false): boolean {
    if (this.#waiting.length >= MAX_WAITING) {
      exchange.onEnd?.('cancelled');
      return false;
    }
    const at = isUrgent ? this.#urgentCount++ : this.#waiting.length;
    this.#waiting.splice(at, 0, exchange);
    this.#next();
    return true;
  }

  has(exchange: Exchange): boolean {
    return this.#current === exchange || this.#waiting.includes(exchange);
  }

  /** Takes back what has not been sent; returns false if it has. */
  cancel(exchange: Exchange): boolean {
    const at = this.#waiting.indexOf(exchange);
    if (at === -1) return false;
    this.#waiting.splice(at, 1);
    if (at < this.#urgentCount) this.#urgentCount--;
    exchange.onEnd?.('cancelled');
    return true;
  }

  /** Returns true if the line is a reply to what was sent last. */
  onLine(line: string): boolean {
    const current = this.#current;
    if (!current?.judge || this.#state === 'resting') return false;
    const verdict = current.judge(line);
    if (verdict === 'other') return false;
    if (verdict === 'rejected') this.#counts.repliesRejected++;
    if (this.#state === 'late') {
      this.#counts.repliesLate++;
      this.#rest();
    } else this.#end(verdict === 'reply' ? 'done' : 'rejected');
    return true;
  }

  /** The link is lost. */
  reset(): void {
    this.#cancelTimer();
    const current = this.#state === 'sent' && this.#current ? [this.#current] : [];
    const ended = [...current, ...this.#waiting];
    this.#current = undefined;
    this.#waiting = [];
    this.#urgentCount = 0;
    for (const exchange of ended) exchange.onEnd?.('unsent');
  }

  #next(): void {
    if (this.#current) return;
    const exchange = this.#waiting.shift();
    if (!exchange) return;
    if (this.#urgentCount > 0) this.#urgentCount--;
    this.#current = exchange;
    void this.#send(exchange);
  }

  async #send(exchange: Exchange): Promise<void> {
    // A reply can come before the write has been confirmed.
    this.#state = 'sent';
    this.#counts.sent++;
    try {
      const written = this.#options.write(exchange.line);
      if (exchange.judge)
        this.#cancelTimer = this.#options.clock.after(exchange.timeoutMs, () => this.#onTimeout());
      await written;
    } catch {
      if (this.#isPending(exchange)) this.#end('unsent');
      return;
    }
    if (!this.#isPending(exchange)) return;
    exchange.onSent?.();
    if (!exchange.judge) this.#end('done');
  }

  #isPending(exchange: Exchange): boolean {
    return this.#current === exchange && this.#state === 'sent';
  }

  #onTimeout(): void {
    const current = this.#current;
    if (!current) return;
    this.#counts.repliesMissing++;
    this.#state = 'late';
    this.#cancelTimer = this.#options.clock.after(current.timeoutMs, () => this.#rest());
    current.onEnd?.('noReply');
  }

  #end(end: ExchangeEnd): void {
    const current = this.#current;
    this.#rest();
    current?.onEnd?.(end);
  }

  /** The pause before the next line. */
  #rest(): void {
    const { clock, gapMs } = this.#options;
    this.#cancelTimer();
    this.#state = 'resting';
    const proceed = () => {
      this.#current = undefined;
      this.#next();
    };
    if (gapMs === 0) proceed();
    else this.#cancelTimer = clock.after(gapMs, proceed);
  }
}
