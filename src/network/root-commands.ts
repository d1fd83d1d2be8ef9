import type { Deliveries, Delivery, Expectation, Requester } from '../hub/deliveries.js';
import type { RootFailure, Sending } from '../hub/hub.js';
import { encodeRootCommand, type RootCommand } from '../protocol/root-command.js';
import { SendError, type SendFailure } from '../uart/transmitter.js';

/** What is needed of the UART. */
export interface ToUart {
  send(owner: string, body: Buffer, onUncertain?: () => void): Promise<void>;
  onHalfMessage(): string;
  counters(): unknown;
  /** Resets the board by its modem lines; false where that is not possible. */
  resetByLines(): Promise<boolean>;
  /** Closes the port and opens it again. */
  reopen(): Promise<void>;
  /** Frees the port for so long. */
  release(ms: number): Promise<void>;
  takeBack(): void;
}

export interface RootCommandsOptions {
  readonly uart: ToUart;
  readonly deliveries: Deliveries;
  /** Bytes of a message to an edge device. */
  readonly maxMessageLength: number;
  readonly onWritten: (owner: string, body: Buffer) => void;
  readonly onQueueFull: () => void;
}

/** Commands to the root, and messages through it with the stages of their delivery. */
export class RootCommands {
  readonly #parts: RootCommandsOptions;

  constructor(parts: RootCommandsOptions) {
    this.#parts = parts;
  }

  /** Resolves once the command has been written, or with the reason why it can't be: that is no error. */
  async tell(
    command: RootCommand,
    owner: string,
    onUncertain?: () => void,
  ): Promise<SendFailure | undefined> {
    const body = encodeRootCommand(command);
    try {
      await this.#parts.uart.send(owner, body, onUncertain);
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      if (error.reason === 'queueFull') this.#parts.onQueueFull();
      return error.reason;
    }
    this.#parts.onWritten(owner, body);
    return undefined;
  }

  /** The handle at once, and what became of the writing. */
  deliver(sending: Sending, by: Requester, expects?: Expectation) {
    const { deliveries } = this.#parts;
    const to = sending.kind === 'send' ? sending.to : undefined;
    const begun = deliveries.begin({ to, message: sending.message, by, expects });
    const written = this.#write(begun.id, sending, by.owner);
    const delivery: Delivery = deliveries.find(begun.id) ?? begun;
    return { delivery, written };
  }

  async #write(id: string, sending: Sending, owner: string): Promise<RootFailure | undefined> {
    const { deliveries, maxMessageLength } = this.#parts;
    const failure =
      sending.message.length > maxMessageLength
        ? 'messageTooLong'
        : await this.tell(sending, owner, () => deliveries.onUncertain(id));
    if (failure === undefined) deliveries.onWritten(id);
    else deliveries.onFailed(id, failure);
    return failure;
  }
}
