import { setTimeout as pause } from 'node:timers/promises';
import type { Pty } from '../../test/support/pty.js';
import { stampedFrames } from './stamped.js';

/** A board that sends numbered messages. */
export class Source {
  sent = 0;
  readonly #pty: Pick<Pty, 'write'>;

  constructor(pty: Pick<Pty, 'write'>) {
    this.#pty = pty;
  }

  /** `perSecond` for `ms`, each tick what is due by then; one tick every `everyMs`. */
  async paced(perSecond: number, ms: number, everyMs = 1): Promise<void> {
    const begun = performance.now();
    const first = this.sent;
    for (let passed = 0; passed < ms; passed = performance.now() - begun) {
      const due = Math.floor((passed / 1000) * perSecond) + 1 - (this.sent - first);
      if (due > 0) await this.burst(due);
      await pause(everyMs);
    }
  }

  /** `count` as fast as the terminal takes them. */
  async burst(count: number, atOnce = 500): Promise<void> {
    for (const end = this.sent + count; this.sent < end; ) {
      const some = Math.min(atOnce, end - this.sent);
      const frames = stampedFrames(this.sent, some);
      this.sent += some;
      await this.#pty.write(frames);
    }
  }
}
