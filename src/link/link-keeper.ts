import { Backoff } from '../base/backoff.js';
import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { errorText } from '../base/errors.js';
import { LINK_DOWN_REASONS, type Link, type LinkDownReason, LinkError, type OpenLink } from './link.js';

/**
 * Named for what is awaited: a device (`absent`), its opening, the first frame from the root (`probing`), the end of a
 * pause (`backingOff`), the end of a port's release to another program (`maintenance`). `up`: a frame has come from the
 * root since the link was opened.
 */
export const LINK_STATES = [
  'absent',
  'opening',
  'probing',
  'up',
  'backingOff',
  'maintenance',
  'stopped',
] as const;

export type LinkState = (typeof LINK_STATES)[number];

export interface LinkStatus {
  readonly state: LinkState;
  /** ms since the epoch, host clock: when the link became up, probing or down; attempts to open it do not count. */
  readonly since: number;
  /** Name of the link while it is open: `/dev/ttyUSB0`. */
  readonly name?: string;
  /** Identity of the board, if known. */
  readonly identity?: string;
  /** Why the link is down. */
  readonly reason?: LinkDownReason;
  /** The system's own words for the reason. */
  readonly detail?: string;
}

/** True while the port is open, whether or not the root has been heard. */
export function isOpen({ state }: Pick<LinkStatus, 'state'>): boolean {
  return state === 'probing' || state === 'up';
}

export interface LinkKeeperHandlers {
  onBytes(chunk: Buffer): void;
  onOpened(link: Link): void;
  onLost(): void;
  /** The state, or the reason for it, has changed. */
  onStatus(status: LinkStatus): void;
}

export interface LinkKeeperOptions {
  readonly openLink: OpenLink;
  readonly clock: Clock;
  /** 0–1, for the jitter of the pauses. */
  readonly random: () => number;
  /** Calls back when a device may have appeared; returns a function that stops watching. */
  readonly watchForDevices: (onChange: () => void) => () => void;
}

/** Pauses between attempts double from the first to the longest, to spare a broken port. */
const PAUSES = { firstMs: 250, longestMs: 10_000 };
/** Random part added to a pause, so that several gateways do not retry in step. */
const JITTER = 0.25;

/** How long the chip is held in reset: a capacitor on usual boards needs some ms. */
const RESET_PULSE_MS = 100;

const REASONS = Object.keys(LINK_DOWN_REASONS) as LinkDownReason[];

/** Keeps a link open: opens it, notices its loss, and opens it again. */
export class LinkKeeper {
  readonly losses = new Counters<LinkDownReason>(REASONS);
  readonly #options: LinkKeeperOptions;
  readonly #handlers: LinkKeeperHandlers;
  readonly #backoff: Backoff;
  #status: LinkStatus;
  #link: Link | undefined;
  #attempt = 0;
  #opening: Promise<void> = Promise.resolve();
  /** Set while a link is being closed: the port is not free until it resolves. */
  #closing: Promise<void> | undefined;
  #cancelPause: CancelTimer | undefined;
  #stopWatching: (() => void) | undefined;

  constructor(options: LinkKeeperOptions, handlers: LinkKeeperHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#backoff = new Backoff({ ...PAUSES, jitter: JITTER, random: options.random });
    this.#status = { state: 'stopped', since: options.clock.now() };
  }

  get status(): LinkStatus {
    return this.#status;
  }

  start(): void {
    if (this.#status.state !== 'stopped') return;
    this.#opening = this.#open();
  }

  /** Resolves when the link is closed. */
  async stop(): Promise<void> {
    if (this.#status.state === 'stopped') return;
    this.#endPause();
    this.#attempt++;
    this.#setStatus({ state: 'stopped', reason: 'stopped' });
    await this.#opening;
    await this.#closing;
    await this.#release();
  }

  /** A frame came from the root. */
  onHeard(): void {
    if (this.#status.state !== 'probing' || !this.#link) return;
    this.#backoff.reset();
    this.#setStatus({ state: 'up', ...factsOf(this.#link) });
  }

  /** Resets the board by its modem lines, as its flashing tool does. Resolves with false if the adapter has none. */
  async resetByLines(): Promise<boolean> {
    const link = this.#link;
    if (!link?.setLines) return false;
    try {
      await link.setLines({ dtr: false, rts: true });
      await new Promise<void>((resolve) => this.#options.clock.after(RESET_PULSE_MS, resolve));
      await link.setLines({ dtr: false, rts: false });
      return true;
    } catch {
      return false;
    }
  }

  /** Closes the link and opens it again at once; does nothing if it is not open. */
  async reopen(): Promise<void> {
    if (!this.#link) return;
    this.losses.add('reopened');
    this.#giveUpLink({ state: 'opening', reason: 'reopened' });
    this.#opening = this.#open();
    await this.#opening;
  }

  /**
   * Releases the port to another program for `ms`, then opens it again. Another call restarts the time. Resolves when the
   * port is free.
   */
  async release(ms: number): Promise<void> {
    if (this.#status.state === 'stopped') return;
    this.#endPause();
    if (this.#status.state !== 'maintenance') {
      this.losses.add('released');
      this.#giveUpLink({ state: 'maintenance', reason: 'released' });
    }
    this.#cancelPause = this.#options.clock.after(ms, () => this.#retry());
    await this.#opening;
    await this.#closing;
  }

  /** Reopens a released port early: the other program has finished. */
  reclaim(): void {
    if (this.#status.state === 'maintenance') this.#retry();
  }

  #giveUpLink(next: Pick<LinkStatus, 'state' | 'reason'>): void {
    this.#attempt++;
    const closing = this.#release().finally(() => {
      if (this.#closing === closing) this.#closing = undefined;
    });
    this.#closing = closing;
    this.#handlers.onLost();
    this.#setStatus(next);
  }

  async #open(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#setStatus({ ...this.#status, state: 'opening' });
    try {
      if (this.#closing) await this.#closing;
      if (attempt !== this.#attempt) return;
      const link = await this.#options.openLink({
        onBytes: (chunk) => attempt === this.#attempt && this.#handlers.onBytes(chunk),
        onClosed: (reason, detail) => attempt === this.#attempt && this.#onClosed(reason, detail),
      });
      if (attempt === this.#attempt) this.#onOpened(link);
      else await link.close();
    } catch (error) {
      if (attempt === this.#attempt) this.#onFailure(error);
    }
  }

  #onOpened(link: Link): void {
    this.#link = link;
    this.#handlers.onOpened(link);
    this.#setStatus({ state: 'probing', ...factsOf(link) });
  }

  #onFailure(error: unknown): void {
    const reason = error instanceof LinkError ? error.reason : 'openFailed';
    this.#pause(reason, errorText(error));
  }

  #onClosed(reason: LinkDownReason, detail: string): void {
    void this.#release();
    this.#handlers.onLost();
    this.#pause(reason, detail);
  }

  #pause(reason: LinkDownReason, detail: string): void {
    this.#attempt++;
    this.losses.add(reason);
    const isAbsent = reason === 'noDevice' || reason === 'severalDevices';
    this.#setStatus({ state: isAbsent ? 'absent' : 'backingOff', reason, detail });
    this.#cancelPause = this.#options.clock.after(this.#backoff.nextMs(), () => this.#retry());
    this.#stopWatching = this.#options.watchForDevices(() => this.#retry());
  }

  #retry(): void {
    if (!this.#cancelPause) return;
    this.#endPause();
    this.#opening = this.#open();
  }

  #endPause(): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  async #release(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  #setStatus(next: Omit<LinkStatus, 'since'>): void {
    const isNews = next.state !== this.#status.state || next.reason !== this.#status.reason;
    const isSamePhase = phaseOf(next.state) === phaseOf(this.#status.state);
    this.#status = { ...next, since: isSamePhase ? this.#status.since : this.#options.clock.now() };
    if (isNews) this.#handlers.onStatus(this.#status);
  }
}

function factsOf({ name, identity }: Link): Pick<LinkStatus, 'name' | 'identity'> {
  return identity === undefined ? { name } : { name, identity };
}

function phaseOf(state: LinkState): 'up' | 'probing' | 'down' {
  return state === 'up' || state === 'probing' ? state : 'down';
}
