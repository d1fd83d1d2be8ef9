import type { SessionApi } from '../api/methods/index.js';
import type { MeshEvent } from '../api/shapes.js';
import { ClientError, RequestError } from './errors.js';
import type { Channel, Transport } from './transport.js';

export type Params<Name extends keyof SessionApi> = SessionApi[Name]['params'];
export type Result<Name extends keyof SessionApi> = SessionApi[Name]['result'];

/** Bytes of the longest request; the gateway closes a connection that sends more. */
const MAX_LINE_LENGTH = 1_048_576;

/** What a connection tells its owner, in the order in which it came. */
export interface ConnectionHandlers {
  onEvent(subscription: string, event: MeshEvent): void;
  /** Numbers of events that were not delivered, both ends included. */
  onGap(subscription: string, from: number, to: number): void;
  /** The gateway says why it is about to close the connection. */
  onClosing(reason: string): void;
  /** Called once, when it is over. */
  onClosed(): void;
}

/** Called while the reply is read, before anything that came behind it. */
interface Pending<Name extends keyof SessionApi> {
  readonly onResult: (result: Result<Name>) => void;
  readonly onError: (error: Error) => void;
}

interface Incoming {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly data?: { readonly code?: string } };
  readonly method?: string;
  readonly params?: {
    readonly subscription: string;
    readonly event: MeshEvent;
    readonly from: number;
    readonly to: number;
    readonly reason: string;
  };
}

/** One connection to a gateway: requests matched with their replies, notifications handed on. */
export class SessionConnection {
  readonly #handlers: ConnectionHandlers;
  readonly #pending = new Map<number, Pending<never>>();
  #channel: Channel | undefined;
  #nextId = 1;
  #closedBy: ClientError | undefined;
  #hasServed = false;

  private constructor(handlers: ConnectionHandlers) {
    this.#handlers = handlers;
  }

  /** Rejects with `NOT_RUNNING` or `NO_PERMISSION`. */
  static async open(transport: Transport, handlers: ConnectionHandlers): Promise<SessionConnection> {
    const connection = new SessionConnection(handlers);
    connection.#channel = await transport.open({
      onLine: (line) => connection.#onLine(line),
      onClosed: () => connection.#onClosed(),
    });
    return connection;
  }

  /** Sends a request; one of the two is called once, unless the connection is lost: then it is `onError`. */
  post<Name extends keyof SessionApi>(name: Name, params: Params<Name>, pending: Pending<Name>): void {
    const id = this.#nextId++;
    const line = JSON.stringify({ jsonrpc: '2.0', id, method: name, params });
    if (Buffer.byteLength(line) > MAX_LINE_LENGTH) {
      pending.onError(new ClientError('LINE_TOO_LONG'));
      return;
    }
    this.#pending.set(id, pending as Pending<never>);
    this.#channel?.write(line);
  }

  /** The gateway has answered a request: it does more than accept and turn away. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** What is unanswered is rejected with `reason`. */
  close(reason: ClientError): void {
    this.#closedBy = reason;
    this.#channel?.close();
  }

  #onLine(line: string): void {
    const incoming = readLine(line);
    if (incoming?.id !== undefined) this.#onReply(incoming.id, incoming);
    else if (incoming?.params) this.#onNotification(incoming.method, incoming.params);
  }

  #onReply(id: number, { result, error }: Incoming): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (pending) this.#hasServed = true;
    if (error) pending?.onError(new RequestError(error.data?.code ?? 'UNKNOWN', error.message));
    else pending?.onResult(result as never);
  }

  #onNotification(method: string | undefined, params: NonNullable<Incoming['params']>): void {
    const { subscription, event, from, to, reason } = params;
    if (method === 'event') this.#handlers.onEvent(subscription, event);
    else if (method === 'gap') this.#handlers.onGap(subscription, from, to);
    else if (method === 'closing') this.#handlers.onClosing(reason);
  }

  #onClosed(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#handlers.onClosed();
    for (const { onError } of pending) {
      onError(this.#closedBy ?? new ClientError('CONNECTION_LOST'));
    }
  }
}

/** What is not JSON is not from a gateway, and is left out. */
function readLine(line: string): Incoming | undefined {
  try {
    return JSON.parse(line) as Incoming;
  } catch {
    return undefined;
  }
}
