/** One websocket to the gateway's session: requests matched with their replies, notifications handed on. */
import type { MeshEvent } from '../api/shapes.js';
import { type MethodName, type Params, RequestError, type Result } from './api.js';

export interface Gap {
  readonly subscription: string;
  readonly from: number;
  readonly to: number;
  /** Events that are lost; values that were merely coalesced do not count. */
  readonly dropped: number;
}

export interface RpcHandlers {
  onOpen(): void;
  onEvent(subscription: string, event: MeshEvent): void;
  onGap(gap: Gap): void;
  /** The gateway says why it is about to close the connection. */
  onClosing(reason: string): void;
  /** Called once, also when it never opened. */
  onClosed(): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: RequestError): void;
}

interface Incoming {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly data?: { readonly code?: string } };
  readonly method?: string;
  readonly params?: Gap & { readonly event: MeshEvent; readonly reason: string };
}

const LOST_TEXT = 'the connection to the gateway was lost before its reply came';
/** The gateway pings every 20 s, which a page does not see; a socket that takes longer to open is given up. */
const OPEN_TIMEOUT_MS = 8000;

export class RpcConnection {
  readonly #socket: WebSocket;
  readonly #handlers: RpcHandlers;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #isOver = false;

  constructor(url: string, handlers: RpcHandlers) {
    this.#handlers = handlers;
    this.#socket = new WebSocket(url);
    const timer = setTimeout(() => this.close(), OPEN_TIMEOUT_MS);
    this.#socket.onopen = () => {
      clearTimeout(timer);
      handlers.onOpen();
    };
    this.#socket.onmessage = ({ data }) => this.#onMessage(String(data));
    this.#socket.onclose = () => {
      clearTimeout(timer);
      this.#end();
    };
  }

  /** Rejects with a `RequestError`. Replies settle before the next message is read. */
  call<Name extends MethodName>(name: Name, params: Params<Name>): Promise<Result<Name>> {
    return this.#request(name, params) as Promise<Result<Name>>;
  }

  /** `authenticate` is no method of a session: it comes before there is one. */
  authenticate(token: string): Promise<unknown> {
    return this.#request('authenticate', { token });
  }

  close(): void {
    this.#socket.close();
    this.#end();
  }

  #request(method: string, params: object): Promise<unknown> {
    if (this.#isOver || this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new RequestError('CONNECTION_LOST', 'there is no connection to the gateway'));
    }
    const id = this.#nextId++;
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #onMessage(text: string): void {
    if (this.#isOver) return;
    const { id, result, error, method, params } = JSON.parse(text) as Incoming;
    if (method !== undefined && params) this.#onNotification(method, params);
    else if (id !== undefined) this.#onReply(id, result, error);
  }

  #onReply(id: number, result: unknown, error: Incoming['error']): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) pending?.reject(new RequestError(error.data?.code ?? 'UNKNOWN', error.message));
    else pending?.resolve(result);
  }

  #onNotification(method: string, params: NonNullable<Incoming['params']>): void {
    if (method === 'event') this.#handlers.onEvent(params.subscription, params.event);
    else if (method === 'gap') this.#handlers.onGap(params);
    else if (method === 'closing') this.#handlers.onClosing(params.reason);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { reject } of this.#pending.values()) reject(new RequestError('CONNECTION_LOST', LOST_TEXT));
    this.#pending.clear();
    this.#handlers.onClosed();
  }
}
