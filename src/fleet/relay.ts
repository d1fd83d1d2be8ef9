/**
 * One websocket of the dashboard, joined to one gateway's channel. Who it is, and what it may do, is decided here: the
 * gateway knows only the fleet.
 */
import type { RawData, WebSocket } from 'ws';
import { SESSION_ERRORS, type SessionErrorCode } from '../api/errors.js';
import { findMethod } from '../api/methods/index.js';
import { mayDo, type Role } from '../api/role.js';
import type { Channel, Transport } from '../client/index.js';
import { type AccessSettings, roleOfToken } from '../socket/web/web-access.js';
import { errorObject } from './refusal.js';

export interface RelayParts {
  readonly transport: Transport;
  readonly access: AccessSettings;
  /** Undefined until the client has shown a token. */
  readonly role: Role | undefined;
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
  /** The client has shown a token: false where there is no room for it. */
  readonly admit: () => boolean;
}

interface Request {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: { readonly token?: unknown };
}

const TOKEN_TIMEOUT_MS = 5000;
/** A client that was refused has this long to read why. */
const LINGER_MS = 1000;
/** What may wait until the channel is open. */
const MAX_WAITING = 64;
/** Close codes of websockets: RFC 6455, section 7.4. */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;
/** 1013, try again later. */
const CLOSE_TOO_MANY = 1013;

export class Relay {
  readonly #socket: WebSocket;
  readonly #parts: RelayParts;
  readonly #waiting: string[] = [];
  /** Requests of `hello`: their replies tell the role that the client has here. */
  readonly #hellos = new Set<unknown>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDismissed = false;
  #role: Role | undefined;
  #channel: Channel | undefined;

  constructor(socket: WebSocket, parts: RelayParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#role = parts.role;
    socket.on('message', (data: RawData, isBinary) => this.#onMessage(isBinary ? '' : String(data)));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#onClosed());
    if (this.#role) void this.#open();
    else this.#timer = setTimeout(() => socket.terminate(), TOKEN_TIMEOUT_MS);
  }

  async #open(): Promise<void> {
    const channel = await this.#parts.transport
      .open({
        onLine: (line) => this.#tell(line),
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
    if (this.#isDismissed) return;
    const request = readRequest(text);
    if (!request) this.#refuse(null, 'INVALID_REQUEST');
    else if (!this.#role) this.#takeToken(request);
    else if (request.method === 'authenticate') {
      this.#refuse(request.id, 'UNKNOWN_METHOD');
    } else if (!mayDo(this.#role, findMethod(String(request.method))?.role ?? 'admin')) {
      this.#refuse(request.id, 'FORBIDDEN');
    } else this.#pass(request, text);
  }

  #pass({ id, method }: Request, text: string): void {
    if (method === 'hello') this.#hellos.add(id);
    if (this.#channel) this.#channel.write(text);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(text);
    else this.#socket.close(CLOSE_POLICY);
  }

  #takeToken({ id, params }: Request): void {
    const { access } = this.#parts;
    const role = typeof params?.token === 'string' ? roleOfToken(params.token, access) : undefined;
    if (!role) {
      this.#dismiss(id, 'UNAUTHORIZED', CLOSE_POLICY);
    } else if (!this.#parts.admit()) {
      this.#dismiss(id, 'TOO_MANY_CLIENTS', CLOSE_TOO_MANY);
    } else this.#welcome(role, id);
  }

  #welcome(role: Role, id: unknown): void {
    this.#role = role;
    clearTimeout(this.#timer);
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { role } }));
    void this.#open();
  }

  /** Refuses the client, which has a moment to read why. */
  #dismiss(id: unknown, code: SessionErrorCode, closeCode: number): void {
    this.#isDismissed = true;
    this.#refuse(id, code);
    this.#socket.close(closeCode);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.terminate(), LINGER_MS);
  }

  #tell(line: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#parts.outboxLimit) this.#socket.close(CLOSE_POLICY);
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
    clearTimeout(this.#timer);
    this.#channel?.close();
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
