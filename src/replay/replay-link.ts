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
 * When the gateway reopens its port, the recording may contain the same reopening: it gets this long before the port is
 * simply open again.
 */
const REOPEN_MS = 100;
const UNKNOWN_END = 'reason not recorded';

/**
 * The link of a recording: it opens, fails to open, receives and ends as recorded. Bytes written to it are discarded.
 */
export class ReplayLink {
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  /** Set while the link is open in the recording. */
  #recorded: LinkFacts | undefined;
  #opening: Opening | undefined;
  /** The user that has it open. */
  #handlers: LinkHandlers | undefined;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** See `OpenLink`: waits until the recording opens a link or fails to. */
  readonly open = (handlers: LinkHandlers): Promise<Link> =>
    new Promise((resolve, reject) => {
      const opening = { handlers, resolve, reject };
      if (this.#isOver) reject(new LinkError('stopped', ''));
      else this.#opening = opening;
      if (this.#recorded)
        this.#clock.after(REOPEN_MS, () => opening === this.#opening && this.#resolveOpening());
    });

  /** Calls `onChange` when the recording tries to open the link, so that a pending retry happens at once. */
  readonly watchForDevices = (onChange: () => void): (() => void) => {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  };

  /** The recorded state of the link; a change only at the start, and where a part of the recording is missing. */
  is(facts: LinkFacts | undefined): void {
    if (facts && !this.#recorded) this.opened(facts);
    if (!facts && this.#recorded) this.closed('hungUp', UNKNOWN_END);
  }

  opened(facts: LinkFacts): void {
    if (this.#handlers) this.closed('hungUp', UNKNOWN_END);
    this.#recorded = facts;
    this.#retryNow();
    this.#resolveOpening();
  }

  notOpened(reason: string, detail: string): void {
    if (this.#handlers) this.closed('hungUp', UNKNOWN_END);
    this.#recorded = undefined;
    this.#retryNow();
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

  /** It can't be opened any more. */
  stop(): void {
    this.#isOver = true;
    this.#opening?.reject(new LinkError('stopped', ''));
    this.#opening = undefined;
  }

  /** Ends the pause between two attempts. */
  #retryNow(): void {
    if (!this.#opening) for (const onChange of [...this.#watchers]) onChange();
  }

  /** Completes a waiting `open`. */
  #resolveOpening(): void {
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
