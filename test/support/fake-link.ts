import type { Clock } from '../../src/base/clock.js';
import {
  type Link,
  type LinkDownReason,
  LinkError,
  type LinkHandlers,
  type OpenLink,
} from '../../src/link/link.js';

interface Write {
  readonly bytes: Buffer;
  /** Monotonic ms. */
  readonly at: number;
}

/** A link whose writes succeed at once or when the test says so. */
export class FakeLink implements Link {
  readonly name: string;
  /** In order of arrival. */
  readonly writes: Write[] = [];
  closings = 0;
  readonly #clock: Clock;
  readonly #pending: { resolve(): void; reject(error: Error): void }[] = [];
  #holds = false;

  constructor(clock: Clock, name = '/dev/ttyFAKE0') {
    this.#clock = clock;
    this.name = name;
  }

  async write(bytes: Buffer): Promise<void> {
    this.writes.push({ bytes, at: this.#clock.monotonic() });
    if (!this.#holds) return;
    await new Promise<void>((resolve, reject) => this.#pending.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.closings++;
  }

  /** From now on a write ends when `accept` or `refuse` is called. */
  hold(): void {
    this.#holds = true;
  }

  /** The oldest pending write succeeds. */
  accept(): void {
    this.#pending.shift()?.resolve();
  }

  /** The oldest pending write fails. */
  refuse(): void {
    this.#pending.shift()?.reject(new LinkError('writeFailed', 'EIO'));
  }
}

interface Attempt {
  readonly handlers: LinkHandlers;
  readonly at: number;
  succeed(link?: FakeLink): FakeLink;
  fail(reason?: LinkDownReason, detail?: string): void;
  /** Fails with an error that no link reports. */
  breakDown(error: unknown): void;
}

/** Opens links when the test says so; each attempt waits for its outcome. */
export class FakePort {
  readonly attempts: Attempt[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly open: OpenLink = (handlers) =>
    new Promise((resolve, reject) => {
      this.attempts.push({
        handlers,
        at: this.#clock.monotonic(),
        succeed: (link = new FakeLink(this.#clock)) => {
          resolve(link);
          return link;
        },
        fail: (reason = 'noDevice', detail = 'nothing is there') => reject(new LinkError(reason, detail)),
        breakDown: reject,
      });
    });

  /** The pending attempt, or the last one. */
  get latest(): Attempt {
    const attempt = this.attempts.at(-1);
    if (!attempt) throw new Error('nothing has tried to open the port');
    return attempt;
  }
}
