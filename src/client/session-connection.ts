import { ClientError } from './errors.js';
import {
  type MethodName,
  type NotificationHandlers,
  type Params,
  type PendingCall,
  type Result,
  RpcCore,
} from './rpc-core.js';
import type { Channel, Transport } from './transport.js';

/** What a connection reports to its owner, in the order in which it came. */
export interface ConnectionHandlers extends NotificationHandlers {
  /** Called once, when it is over. */
  onClosed(): void;
}

/** One connection to a gateway. */
export class SessionConnection {
  readonly #core: RpcCore;
  readonly #onClosed: () => void;
  #channel: Channel | undefined;
  #closedBy: ClientError | undefined;

  private constructor(handlers: ConnectionHandlers) {
    this.#core = new RpcCore((text) => this.#channel?.write(text), handlers);
    this.#onClosed = () => handlers.onClosed();
  }

  /** Rejects with `NOT_RUNNING` or `NO_PERMISSION`. */
  static async open(transport: Transport, handlers: ConnectionHandlers): Promise<SessionConnection> {
    const connection = new SessionConnection(handlers);
    connection.#channel = await transport.open({
      onLine: (line) => connection.#core.receive(line),
      onClosed: () => connection.#end(),
    });
    return connection;
  }

  /** Sends a request; one of the two is called once, unless the connection is lost: then it is `onError`. */
  post<Name extends MethodName>(name: Name, params: Params<Name>, call: PendingCall<Result<Name>>): void {
    this.#core.post(name, params, call as PendingCall<unknown>);
  }

  /** The gateway has answered a request: it does more than accept and turn away. */
  get hasServed(): boolean {
    return this.#core.hasServed;
  }

  /** What is unanswered is rejected with `reason`. */
  close(reason: ClientError): void {
    this.#closedBy = reason;
    this.#channel?.close();
  }

  #end(): void {
    this.#onClosed();
    this.#core.end(this.#closedBy ?? new ClientError('CONNECTION_LOST'));
  }
}
