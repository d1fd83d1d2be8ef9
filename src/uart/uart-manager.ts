/**
 * One UART: receives and sends bodies, and keeps the link open. Does not interpret the bodies.
 */
import type { Clock } from '../base/clock.js';
import type { Distribution } from '../base/histogram.js';
import type { Link } from '../link/link.js';
import { LinkKeeper, type LinkKeeperOptions, type LinkStatus } from '../link/link-keeper.js';
import { Receiver, type ReceiverSettings } from './receiver.js';
import { type HalfMessageOutcome, Transmitter, type TransmitterSettings } from './transmitter.js';

export interface UartHandlers {
  /** A body from the root, unescaped. */
  onFrame(body: Buffer): void;
  /** A line of console text that the root printed outside its frames. */
  onConsoleLine(line: string): void;
  onLinkStatus(status: LinkStatus): void;
}

export type UartSettings = ReceiverSettings & TransmitterSettings;

export interface UartOptions extends LinkKeeperOptions {
  readonly clock: Clock;
  readonly settings: UartSettings;
}

export class UartManager {
  readonly #keeper: LinkKeeper;
  readonly #receiver: Receiver;
  readonly #transmitter: Transmitter;

  constructor(options: UartOptions, handlers: UartHandlers) {
    this.#transmitter = new Transmitter(options.clock, options.settings);
    this.#receiver = new Receiver(
      {
        onFrame: (body) => {
          this.#keeper.onHeard();
          handlers.onFrame(body);
        },
        onConsoleLine: (line) => handlers.onConsoleLine(line),
      },
      options.clock,
      options.settings,
    );
    this.#keeper = new LinkKeeper(options, {
      onBytes: (chunk) => this.#receiver.push(chunk),
      onOpened: (link) => this.#onOpened(link),
      onLost: () => this.#onLost(),
      onStatus: (status) => handlers.onLinkStatus(status),
    });
  }

  get linkStatus(): LinkStatus {
    return this.#keeper.status;
  }

  /** Starts to open the link; returns at once, with or without a device. */
  start(): void {
    this.#keeper.start();
  }

  async stop(): Promise<void> {
    this.#onLost();
    await this.#keeper.stop();
  }

  /** See `LinkKeeper`. */
  resetByLines(): Promise<boolean> {
    return this.#keeper.resetByLines();
  }

  reopen(): Promise<void> {
    return this.#keeper.reopen();
  }

  release(ms: number): Promise<void> {
    return this.#keeper.release(ms);
  }

  reclaim(): void {
    this.#keeper.reclaim();
  }

  /** See `Transmitter.send`. */
  send(owner: string, body: Buffer, onUncertain?: () => void): Promise<void> {
    return this.#transmitter.send(owner, body, onUncertain);
  }

  /** See `Transmitter.onHalfMessage`. */
  onHalfMessage(): HalfMessageOutcome {
    return this.#transmitter.onHalfMessage();
  }

  /** Distribution of the ms that commands waited to be written. */
  sendWaits(): Distribution {
    return this.#transmitter.waits.snapshot();
  }

  counters() {
    return {
      received: this.#receiver.received.snapshot(),
      dropped: this.#receiver.drops.snapshot(),
      sent: this.#transmitter.counters.snapshot(),
      waiting: this.#transmitter.waiting,
      linkLosses: this.#keeper.losses.snapshot(),
    };
  }

  #onOpened(link: Link): void {
    this.#transmitter.attach(link);
  }

  #onLost(): void {
    this.#transmitter.detach();
    this.#receiver.abandon();
  }
}
