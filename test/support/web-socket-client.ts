/** A websocket client like those of dashboards; a message that arrives before it is awaited is not lost. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import { Waiters } from './waiters.js';

/** A JSON-RPC message from the gateway. */
export interface RpcMessage {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly code: string };
  };
  readonly method?: string;
  readonly params?: {
    readonly subscription: string;
    readonly event: { readonly seq: number; readonly kind: string };
  };
}

export class WebSocketClient {
  readonly socket: WebSocket;
  /** The close code. */
  readonly closed: Promise<number>;
  readonly #received: string[] = [];
  readonly #waiters = new Waiters(() => this.#received.join('\n').slice(0, 2000));
  #nextId = 1;

  private constructor(url: string, options: ClientOptions) {
    this.socket = new WebSocket(url, options);
    this.closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(code)));
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => {
      this.#received.push(String(data));
      this.#waiters.look();
    });
  }

  /** Rejects with the HTTP status when refused. */
  static async open(url: string, options: ClientOptions = {}): Promise<WebSocketClient> {
    const client = new WebSocketClient(url, options);
    const opened = once(client.socket, 'open');
    const refused = once(client.socket, 'unexpected-response').then(([, response]: IncomingMessage[]) => {
      client.socket.terminate();
      throw new Error(`refused ${response?.statusCode}`);
    });
    refused.catch(() => {});
    await Promise.race([opened, refused]);
    return client;
  }

  /** Messages received and not yet taken. */
  get received(): readonly string[] {
    return this.#received;
  }

  /** Takes the next message, as text. */
  next(): Promise<string> {
    return this.find(() => true);
  }

  /** Takes the next messages, this many. */
  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** Takes the first message that matches; those before it are discarded. */
  async find(fits: (text: string) => boolean): Promise<string> {
    const taken = await this.#waiters.until(() => {
      const index = this.#received.findIndex(fits);
      return index >= 0 && this.#received.splice(0, index + 1);
    });
    return taken.at(-1) ?? '';
  }

  /** Calls a method of the session and returns the complete reply. */
  async call(method: string, params: object = {}): Promise<RpcMessage> {
    const id = this.#nextId++;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return JSON.parse(await this.find((text) => JSON.parse(text).id === id));
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
