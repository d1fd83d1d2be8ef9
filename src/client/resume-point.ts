import type { Result } from './rpc-core.js';

/** The position of a subscription, from which it resumes on the next connection. Must not depend on Node. */
export class ResumePoint {
  #subscription: string | undefined;
  #seq: number | undefined;

  /** `seq`: number of the last event that the reader has; undefined: none. */
  constructor(seq?: number) {
    this.#seq = seq;
  }

  /** The gateway's id for it on this connection; undefined while not connected. */
  get subscription(): string | undefined {
    return this.#subscription;
  }

  /** Number of the last event received or reported in a gap. */
  get seq(): number | undefined {
    return this.#seq;
  }

  /** The reply to `subscribe`; `since`: as requested. */
  onStarted({ subscription, seq, gone }: Result<'subscribe'>, since: number | undefined): void {
    this.#subscription = subscription;
    if (gone) this.#seq = gone.to ?? 0;
    else if (since === undefined) this.#seq = seq;
  }

  /** With a minimum interval, or after a gap, values arrive late: after events with higher numbers. */
  onReached(seq: number): void {
    this.#seq = Math.max(this.#seq ?? seq, seq);
  }

  onConnectionLost(): void {
    this.#subscription = undefined;
  }
}
