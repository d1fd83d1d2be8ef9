import type { Deliveries, Delivery, Expectation, Requester } from '../hub/deliveries.js';
import type { RootFailure, Sending } from '../hub/hub.js';
import { encodeRootCommand, type RootCommand } from '../protocol/root-command.js';
import { type HalfMessageOutcome, SendError, type SendFailure } from '../uart/transmitter.js';

/** The part of the UART that is used here. */
export interface ToUart {
  send(owner: string, body: Buffer, onUncertain?: () => void): Promise<void>;
  onHalfMessage(): HalfMessageOutcome;
  counters(): unknown;
  /** Resets the board by its modem lines; resolves with false if that is not possible. */
  resetByLines(): Promise<boolean>;
  /** Closes the port and opens it again. */
  reopen(): Promise<void>;
  /** Releases the port to another program for `ms`. */
  release(ms: number): Promise<void>;
  /** Reopens a released port early. */
  reclaim(): void;
}

export interface RootCommandsOptions {
  readonly uart: ToUart;
  readonly deliveries: Deliveries;
  /** Maximum bytes of a message to an edge device. */
  readonly maxMessageLength: number;
  readonly onWritten: (owner: string, body: Buffer) => void;
  readonly onQueueFull: () => void;
}

/** Sends commands to the root, and messages through it, and tracks the stages of their delivery. */
export class RootCommands {
  readonly #options: RootCommandsOptions;

  constructor(options: RootCommandsOptions) {
    this.#options = options;
  }

  /** Resolves when the command has been written, or with the reason why it was not. Does not reject for those reasons. */
  async send(
    command: RootCommand,
    owner: string,
    onUncertain?: () => void,
  ): Promise<SendFailure | undefined> {
    const body = encodeRootCommand(command);
    try {
      await this.#options.uart.send(owner, body, onUncertain);
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      if (error.reason === 'queueFull') this.#options.onQueueFull();
      return error.reason;
    }
    this.#options.onWritten(owner, body);
    return undefined;
  }

  /** Returns the delivery at once, and a promise that settles when it has been written or has failed. */
  deliver(sending: Sending, by: Requester, expects?: Expectation) {
    const { deliveries } = this.#options;
    const to = sending.kind === 'send' ? sending.to : undefined;
    const begun = deliveries.begin({ to, message: sending.message, by, expects });
    const written = this.#write(begun.id, sending, by.owner);
    const delivery: Delivery = deliveries.find(begun.id) ?? begun;
    return { delivery, written };
  }

  async #write(id: string, sending: Sending, owner: string): Promise<RootFailure | undefined> {
    const { deliveries, maxMessageLength } = this.#options;
    const failure =
      sending.message.length > maxMessageLength
        ? 'messageTooLong'
        : await this.send(sending, owner, () => deliveries.onUncertain(id));
    if (failure === undefined) deliveries.onWritten(id);
    else deliveries.onFailed(id, failure);
    return failure;
  }
}
