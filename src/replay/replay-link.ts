import type { Clock } from '../base/clock.js';
import {
  LINK_DOWN_REASONS,
  type Link,
  type LinkDownReason,
  LinkError,
  type LinkHandlers,
} from '../link/link.js';
import type { LinkFacts } from '../recorder/link-facts.js';

interface Opening {
  readonly handlers: LinkHandlers;
  readonly resolve: (link: Link) => void;
  readonly reject: (error: LinkError) => void;
}

/**
 * A gateway that closes its port and opens it again may do as the one that recorded did: the recording has a moment to
 * say so, before the port is just open again.
 */
const REOPEN_MS = 100;
const UNKNOWN_END = 'the recording does not tell how it ended';

/**
 * The link of a recording: it opens, fails to open, speaks and ends when the recording says so. What is written to it
 * goes nowhere.
 */
export class ReplayLink {
  readonly #clock: Clock;
  readonly #watching = new Set<() => void>();
  /** While the recording has it open. */
  #recorded: LinkFacts | undefined;
  #opening: Opening | undefined;
  /** Of whoever has it open. */
  #handlers: LinkHandlers | undefined;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** See `OpenLink`: waits until the recording opens a link, or fails to. */
  readonly open = (handlers: LinkHandlers): Promise<Link> =>
    new Promise((resolve, reject) => {
      const opening = { handlers, resolve, reject };
      if (this.#isOver) reject(new LinkError('stopped', ''));
      else this.#opening = opening;
      if (this.#recorded) this.#clock.after(REOPEN_MS, () => opening === this.#opening && this.#give());
    });

  /** Whoever waits to try again is told when the recording tries. */
  readonly watchForDevices = (onChange: () => void): (() => void) => {
    this.#watching.add(onChange);
    return () => this.#watching.delete(onChange);
  };

  /** How the link is, says the recording: news only where it begins, and where a part of it is missing. */
  is(facts: LinkFacts | undefined): void {
    if (facts && !this.#recorded) this.opened(facts);
    if (!facts && this.#recorded) this.closed('hungUp', UNKNOWN_END);
  }

  opened(facts: LinkFacts): void {
    if (this.#handlers) this.closed('hungUp', UNKNOWN_END);
    this.#recorded = facts;
    this.#hurry();
    this.#give();
  }

  notOpened(reason: string, detail: string): void {
    if (this.#handlers) this.closed('hungUp', UNKNOWN_END);
    this.#recorded = undefined;
    this.#hurry();
    this.#opening?.reject(new LinkError(knownReason(reason, 'openFailed'), detail));
    this.#opening = undefined;
  }

  closed(reason: string, detail: string): void {
    const handlers = this.#handlers;
    this.#recorded = undefined;
    this.#handlers = undefined;
    handlers?.onClosed(knownReason(reason, 'hungUp'), detail);
  }

  received(bytes: Buffer): void {
    (this.#handlers ?? this.#opening?.handlers)?.onBytes(bytes);
  }

  /** Nobody can open it any more. */
  stop(): void {
    this.#isOver = true;
    this.#opening?.reject(new LinkError('stopped', ''));
    this.#opening = undefined;
  }

  /** Who pauses between two attempts is made to try at once. */
  #hurry(): void {
    if (!this.#opening) for (const onChange of [...this.#watching]) onChange();
  }

  /** Gives the link to whoever waits for it. */
  #give(): void {
    const opening = this.#opening;
    if (!opening || !this.#recorded) return;
    this.#opening = undefined;
    this.#handlers = opening.handlers;
    opening.resolve(this.#linkFor(opening.handlers, this.#recorded));
  }

  #linkFor(handlers: LinkHandlers, { name, identity, hasLines }: LinkFacts): Link {
    return {
      name,
      ...(identity !== '' && { identity }),
      ...(hasLines && { setLines: async () => {} }),
      write: async () => {},
      close: async () => {
        if (this.#handlers === handlers) this.#handlers = undefined;
      },
    };
  }
}

function knownReason(reason: string, otherwise: LinkDownReason): LinkDownReason {
  return Object.hasOwn(LINK_DOWN_REASONS, reason) ? (reason as LinkDownReason) : otherwise;
}
