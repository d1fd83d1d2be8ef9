/** One websocket to the gateway's session. */
import { type NotificationHandlers, RpcCore } from '../client/rpc-core.js';
import { ClientError, type MethodName, notConnected, type Params, type Result } from './api.js';

export interface RpcHandlers extends NotificationHandlers {
  onOpen(): void;
  /** Called once, even if the socket never opened. */
  onClosed(): void;
}

/** Time limit for opening. Once open, the gateway pings every 20 s; browsers answer without the page's help. */
const OPEN_TIMEOUT_MS = 8000;

export class RpcConnection {
  readonly #socket: WebSocket;
  readonly #core: RpcCore;
  readonly #onClosed: () => void;
  #isOver = false;

  constructor(url: string, handlers: RpcHandlers) {
    this.#socket = new WebSocket(url);
    this.#core = new RpcCore((text) => this.#socket.send(text), handlers);
    this.#onClosed = () => handlers.onClosed();
    const timer = setTimeout(() => this.close(), OPEN_TIMEOUT_MS);
    this.#socket.onopen = () => {
      clearTimeout(timer);
      handlers.onOpen();
    };
    this.#socket.onmessage = ({ data }) => this.#core.receive(String(data));
    this.#socket.onclose = () => {
      clearTimeout(timer);
      this.#end();
    };
  }

  /** Rejects with a `RequestError` or a `ClientError`. Replies settle before the next message is read. */
  call<Name extends MethodName>(name: Name, params: Params<Name>): Promise<Result<Name>> {
    return this.#request(name, params) as Promise<Result<Name>>;
  }

  /** `authenticate` is not a method of the session: it comes before the session begins. */
  authenticate(token: string): Promise<unknown> {
    return this.#request('authenticate', { token });
  }

  close(): void {
    this.#socket.close();
    this.#end();
  }

  #request(method: string, params: object): Promise<unknown> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(notConnected());
    return new Promise((onResult, onError) => this.#core.post(method, params, { onResult, onError }));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#core.end(new ClientError('CONNECTION_LOST'));
    this.#onClosed();
  }
}
