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

/** Called in the order in which things arrive. */
export interface ConnectionHandlers extends NotificationHandlers {
  /** Called once, when the connection has ended. */
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

  /** Sends a request; `onResult` or `onError` is called once; `onError` if the connection is lost. */
  post<Name extends MethodName>(name: Name, params: Params<Name>, call: PendingCall<Result<Name>>): void {
    this.#core.post(name, params, call as PendingCall<unknown>);
  }

  /** The gateway has answered a request: it does not just accept and refuse connections. */
  get hasServed(): boolean {
    return this.#core.hasServed;
  }

  /** Rejects unanswered requests with `reason`. */
  close(reason: ClientError): void {
    this.#closedBy = reason;
    this.#channel?.close();
  }

  #end(): void {
    this.#onClosed();
    this.#core.end(this.#closedBy ?? new ClientError('CONNECTION_LOST'));
  }
}
