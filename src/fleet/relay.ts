/**
 * Connects one websocket of the dashboard to one gateway's channel. Authentication and roles are checked here: the
 * gateway sees all requests as the fleet's.
 */
import type { RawData, WebSocket } from 'ws';
import { SESSION_ERRORS, type SessionErrorCode } from '../api/errors.js';
import { findMethod } from '../api/methods/index.js';
import type { Clock } from '../base/clock.js';
import type { Channel, Transport } from '../client/index.js';
import { mayDo, type Role } from '../config/role.js';
import type { FaceClient } from '../socket/web/http-face.js';
import { CLOSE_POLICY, TokenHandshake } from '../socket/web/token-handshake.js';
import type { AccessSettings } from '../socket/web/web-access.js';
import { errorObject } from './refusal.js';

export interface RelayOptions {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly access: AccessSettings;
  /** Undefined until the client has authenticated. */
  readonly role: Role | undefined;
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
  /** Called when the client has authenticated; returns false if there are too many clients. */
  readonly admit: (relay: Relay) => boolean;
  /** Called when the websocket is closed. */
  readonly onEnd: (relay: Relay) => void;
}

interface Request {
  readonly id?: unknown;
  readonly method?: unknown;
}

/** Requests that may wait until the channel is open. */
const MAX_WAITING = 64;
/** Close codes of websockets: RFC 6455, section 7.4. */
const CLOSE_GOING_AWAY = 1001;

export class Relay implements FaceClient {
  readonly #socket: WebSocket;
  readonly #options: RelayOptions;
  readonly #waiting: string[] = [];
  /** Ids of `hello` requests: the client's role here is put into their replies. */
  readonly #hellos = new Set<unknown>();
  readonly #handshake: TokenHandshake | undefined;
  #isAlive = true;
  #role: Role | undefined;
  #channel: Channel | undefined;

  constructor(socket: WebSocket, options: RelayOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#role = options.role;
    socket.on('message', (data: RawData, isBinary) => this.#onMessage(isBinary ? '' : String(data)));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#onClosed());
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    if (this.#role) void this.#open();
    else this.#handshake = this.#awaitToken();
  }

  ping(): void {
    if (!this.#isAlive) {
      this.cut();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  displace(): void {
    this.cut();
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#socket.terminate();
  }

  #awaitToken(): TokenHandshake {
    return new TokenHandshake(this.#socket, {
      ...this.#options,
      admit: () => this.#options.admit(this),
      onRole: (role) => {
        this.#role = role;
        void this.#open();
      },
      onRefused: () => {},
      onOver: () => this.cut(),
    });
  }

  async #open(): Promise<void> {
    const channel = await this.#options.transport
      .open({
        onLine: (line) => this.#send(line),
        onClosed: () => this.#socket.close(CLOSE_GOING_AWAY),
      })
      .catch(() => undefined);
    if (!channel) {
      this.#socket.close(CLOSE_GOING_AWAY);
    } else if (this.#socket.readyState !== this.#socket.OPEN) {
      channel.close();
    } else {
      this.#channel = channel;
      for (const line of this.#waiting.splice(0)) channel.write(line);
    }
  }

  #onMessage(text: string): void {
    if (this.#role) this.#onRequest(text, this.#role);
    else this.#handshake?.onMessage(text);
  }

  #onRequest(text: string, role: Role): void {
    const request = readRequest(text);
    if (!request) this.#refuse(null, 'INVALID_REQUEST');
    else if (request.method === 'authenticate') {
      this.#refuse(request.id, 'UNKNOWN_METHOD');
    } else if (!mayDo(role, findMethod(String(request.method))?.role ?? 'admin')) {
      this.#refuse(request.id, 'FORBIDDEN');
    } else this.#pass(request, text);
  }

  #pass({ id, method }: Request, text: string): void {
    if (method === 'hello') this.#hellos.add(id);
    if (this.#channel) this.#channel.write(text);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(text);
    else this.#socket.close(CLOSE_POLICY);
  }

  #send(line: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#options.outboxLimit) this.#socket.close(CLOSE_POLICY);
    else this.#socket.send(this.#hellos.size > 0 ? this.#withRole(line) : line);
  }

  #withRole(line: string): string {
    const { id, result, ...rest } = JSON.parse(line) as { id?: unknown; result?: object };
    if (id === undefined || !this.#hellos.delete(id) || !result) return line;
    return JSON.stringify({ ...rest, id, result: { ...result, role: this.#role } });
  }

  #refuse(id: unknown, code: SessionErrorCode): void {
    const error = errorObject(code, SESSION_ERRORS[code].text);
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error }));
    }
  }

  #onClosed(): void {
    this.#handshake?.close();
    this.#channel?.close();
    this.#options.onEnd(this);
  }
}

function readRequest(text: string): Request | undefined {
  try {
    const request: unknown = JSON.parse(text);
    return typeof request === 'object' && request !== null ? request : undefined;
  } catch {
    return undefined;
  }
}
