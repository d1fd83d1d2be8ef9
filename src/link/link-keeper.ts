import { Backoff } from '../base/backoff.js';
import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { errorText } from '../base/errors.js';
import { LINK_DOWN_REASONS, type Link, type LinkDownReason, LinkError, type OpenLink } from './link.js';
import { SilenceTimer } from './silence-timer.js';

/**
 * Named for what is awaited: a device (`absent`), its opening, its first valid data (`probing`), the end of a pause
 * (`backingOff`), the end of a port's release to another program (`maintenance`). `up`: valid data has been received since
 * the link was opened, or the owner does not wait for any.
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
  /** Identity of the device, if known. */
  readonly identity?: string;
  /** Why the link is down. */
  readonly reason?: LinkDownReason;
  /** The system's own words for the reason. */
  readonly detail?: string;
}

/** True while the link is open, whether or not the device has been heard. */
export function isOpen({ state }: Pick<LinkStatus, 'state'>): boolean {
  return state === 'probing' || state === 'up';
}

export interface LinkKeeperHandlers {
  onBytes(chunk: Buffer): void;
  onOpened(link: Link): void;
  onLost(): void;
  /** The state, or the reason for it, has changed. */
  onStatus(status: LinkStatus): void;
  /**
   * The link is open, and `onHeard` was not called for `silentAfterMs`. Repeated each time that this passes again; the
   * owner may ask the device for something, `reopen` the link, or `giveUp`.
   */
  onSilent?(): void;
}

export interface LinkKeeperOptions {
  readonly openLink: OpenLink;
  readonly clock: Clock;
  /** 0–1, for the jitter of the pauses. */
  readonly random: () => number;
  /** Calls back when a device may have appeared; returns a function that stops watching. */
  readonly watchForDevices?: ((onChange: () => void) => () => void) | undefined;
  /** For a device that never sends unasked: `up` as soon as the link is open. */
  readonly isUpWhenOpen?: boolean | undefined;
  /** See `onSilent`; without it, silence is not noticed. */
  readonly silentAfterMs?: number | undefined;
  /**
   * The pauses start over when the link has been `up` for this long, so that a peer that accepts each connection and ends it
   * is spared too. Default 0.
   */
  readonly steadyAfterMs?: number | undefined;
  /** Pauses between attempts. Default: 0.25 s to 10 s. */
  readonly pauses?: { readonly firstMs: number; readonly longestMs: number } | undefined;
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
  readonly #silence: SilenceTimer | undefined;
  #cancelSteady: CancelTimer | undefined;
  #stopWatching: (() => void) | undefined;

  constructor(options: LinkKeeperOptions, handlers: LinkKeeperHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#backoff = new Backoff({ ...(options.pauses ?? PAUSES), jitter: JITTER, random: options.random });
    this.#status = { state: 'stopped', since: options.clock.now() };
    const { clock, silentAfterMs } = options;
    if (silentAfterMs !== undefined) {
      this.#silence = new SilenceTimer(clock, silentAfterMs, () => this.#handlers.onSilent?.());
    }
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

  /** Call on each valid input from the device. Has no effect while the link is not open. */
  onHeard(): void {
    this.#silence?.restart();
    if (this.#status.state === 'probing') this.#markUp();
  }

  /** Writes to the device; rejects with a `LinkError` if the link is not open or is lost. */
  write(bytes: Buffer): Promise<void> {
    if (this.#link) return this.#link.write(bytes);
    return Promise.reject(new LinkError(this.#status.reason ?? 'stopped', 'the link is not open'));
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
    this.#closeLink({ state: 'opening', reason: 'reopened' });
    if (this.#status.state !== 'opening') return;
    this.#opening = this.#open();
    await this.#opening;
  }

  /** Closes the link and opens it again after a pause, with the reason `silent`; does nothing if it is not open. */
  giveUp(detail: string): void {
    if (!this.#link) return;
    this.#startClosing();
    this.#pause('silent', detail);
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
      this.#closeLink({ state: 'maintenance', reason: 'released' });
    }
    if (this.#status.state !== 'maintenance') return;
    this.#cancelPause = this.#options.clock.after(ms, () => this.#retry());
    await this.#opening;
    await this.#closing;
  }

  /** Reopens a released port early: the other program has finished. */
  reclaim(): void {
    if (this.#status.state === 'maintenance') this.#retry();
  }

  #closeLink(next: Pick<LinkStatus, 'state' | 'reason'>): void {
    this.#startClosing();
    if (this.#status.state !== 'stopped') this.#setStatus(next);
  }

  #startClosing(): void {
    this.#attempt++;
    const closing = this.#release().finally(() => {
      if (this.#closing === closing) this.#closing = undefined;
    });
    this.#closing = closing;
    this.#handlers.onLost();
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
    this.#silence?.start();
    this.#handlers.onOpened(link);
    if (this.#link !== link || this.#status.state === 'stopped') return;
    this.#setStatus({ state: 'probing', ...factsOf(link) });
    if (this.#options.isUpWhenOpen) this.#markUp();
  }

  #markUp(): void {
    const { clock, steadyAfterMs = 0 } = this.#options;
    if (!this.#link) return;
    if (steadyAfterMs > 0) this.#cancelSteady = clock.after(steadyAfterMs, () => this.#backoff.reset());
    else this.#backoff.reset();
    this.#setStatus({ state: 'up', ...factsOf(this.#link) });
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
    if (this.#status.state === 'stopped') return;
    this.#attempt++;
    this.losses.add(reason);
    this.#cancelPause = this.#options.clock.after(this.#backoff.nextMs(), () => this.#retry());
    this.#stopWatching = this.#options.watchForDevices?.(() => this.#retry());
    const isAbsent = reason === 'noDevice' || reason === 'severalDevices';
    this.#setStatus({ state: isAbsent ? 'absent' : 'backingOff', reason, detail });
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
    this.#silence?.stop();
    this.#cancelSteady?.();
    this.#cancelSteady = undefined;
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
