import type { Result } from './rpc-core.js';

/** How far a subscription has got: what it resumes after on the next connection. Needs nothing of Node. */
export class ResumePoint {
  #subscription: string | undefined;
  #seq: number | undefined;

  /** `seq`: the last event that its reader has; undefined: none. */
  constructor(seq?: number) {
    this.#seq = seq;
  }

  /** The gateway's name for it, on this connection; undefined while there is none. */
  get subscription(): string | undefined {
    return this.#subscription;
  }

  /** Number of the last event that came, or that lies in a gap that was reported. */
  get seq(): number | undefined {
    return this.#seq;
  }

  /** The reply to `subscribe`; `since`: what was asked for. */
  onStarted({ subscription, seq, gone }: Result<'subscribe'>, since: number | undefined): void {
    this.#subscription = subscription;
    if (gone) this.#seq = gone.to ?? 0;
    else if (since === undefined) this.#seq = seq;
  }

  /** With a minimum interval, or after a gap, values come late: after events with higher numbers. */
  onReached(seq: number): void {
    this.#seq = Math.max(this.#seq ?? seq, seq);
  }

  onConnectionLost(): void {
    this.#subscription = undefined;
  }
}
