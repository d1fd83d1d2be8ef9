import {
  LINK_DOWN_REASONS,
  type Link,
  type LinkDownReason,
  LinkError,
  type LinkHandlers,
} from '../uart/link.js';

interface Opening {
  readonly handlers: LinkHandlers;
  readonly resolve: (link: Link) => void;
  readonly reject: (error: LinkError) => void;
}

/**
 * The link of a recording: it opens, fails to open, speaks and ends when the recording says so. What is written to it
 * goes nowhere.
 */
export class ReplayLink {
  readonly #watching = new Set<() => void>();
  #opening: Opening | undefined;
  /** Of the link that is open. */
  #handlers: LinkHandlers | undefined;
  #isOver = false;

  /** See `OpenLink`: waits until the recording opens a link, or fails to. */
  readonly open = (handlers: LinkHandlers): Promise<Link> =>
    new Promise((resolve, reject) => {
      if (this.#isOver) reject(new LinkError('stopped', ''));
      else this.#opening = { handlers, resolve, reject };
    });

  /** Whoever waits to try again is told when the recording tries. */
  readonly watchForDevices = (onChange: () => void): (() => void) => {
    this.#watching.add(onChange);
    return () => this.#watching.delete(onChange);
  };

  get isOpen(): boolean {
    return this.#handlers !== undefined;
  }

  opened(name: string): void {
    const opening = this.#takeOpening();
    if (!opening) return;
    const { handlers, resolve } = opening;
    this.#handlers = handlers;
    const close = async () => {
      if (this.#handlers === handlers) this.#handlers = undefined;
    };
    resolve({ name, write: async () => {}, close });
  }

  notOpened(reason: string, detail: string): void {
    this.#takeOpening()?.reject(new LinkError(knownReason(reason, 'openFailed'), detail));
  }

  closed(reason: string, detail: string): void {
    const handlers = this.#handlers;
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

  /** Who waits for the outcome of an opening; who pauses between two is made to try at once. */
  #takeOpening(): Opening | undefined {
    if (this.#handlers) this.closed('hungUp', 'the recording does not tell how it ended');
    if (!this.#opening) for (const onChange of [...this.#watching]) onChange();
    const opening = this.#opening;
    this.#opening = undefined;
    return opening;
  }
}

function knownReason(reason: string, otherwise: LinkDownReason): LinkDownReason {
  return Object.hasOwn(LINK_DOWN_REASONS, reason) ? (reason as LinkDownReason) : otherwise;
}
