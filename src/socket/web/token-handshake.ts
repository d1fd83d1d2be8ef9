/**
 * Authentication by the first message of a websocket, for clients that can't send a header: `authenticate` with `token`.
 * Any other message, or none in time, is answered with the error, and the connection is closed.
 */
import type { WebSocket } from 'ws';
import { SessionError, type SessionErrorCode } from '../../api/errors.js';
import { errorReply } from '../../api/session.js';
import type { CancelTimer, Clock } from '../../base/clock.js';
import type { Role } from '../../config/role.js';
import { type AccessSettings, roleOfToken } from './web-access.js';

export interface TokenHandshakeOptions {
  readonly clock: Clock;
  readonly access: AccessSettings;
  /** The client has authenticated: false if there are too many clients. */
  readonly admit: () => boolean;
  /** Called when the client has been accepted and answered. */
  readonly onRole: (role: Role) => void;
  /** Called when the client has been refused; it has a moment to read the error. */
  readonly onRefused: (reason: TokenRefusal) => void;
  /** Called after that: the connection must be closed. */
  readonly onOver: (reason: TokenRefusal) => void;
}

export type TokenRefusal = 'refused' | 'tooMany';

/** Close codes of websockets: RFC 6455, section 7.4. */
export const CLOSE_POLICY = 1008;
/** Try again later. */
const CLOSE_TOO_MANY = 1013;

/** Time for a client to authenticate. */
const TOKEN_TIMEOUT_MS = 5000;
/** Time for a refused client to read the error. */
const REFUSED_LINGER_MS = 1000;

export class TokenHandshake {
  readonly #socket: WebSocket;
  readonly #options: TokenHandshakeOptions;
  #cancelTimeout: CancelTimer;
  #isRefused = false;

  constructor(socket: WebSocket, options: TokenHandshakeOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#cancelTimeout = options.clock.after(TOKEN_TIMEOUT_MS, () => this.#refuse('UNAUTHORIZED', null));
  }

  /** Processes a message from a client that has not authenticated. */
  onMessage(text: string): void {
    if (this.#isRefused) return;
    const { access, admit } = this.#options;
    const { id, token } = readToken(text);
    const role = token === undefined ? undefined : roleOfToken(token, access);
    if (!role) this.#refuse('UNAUTHORIZED', id);
    else if (!admit()) this.#refuse('TOO_MANY_CLIENTS', id);
    else this.#welcome(role, id);
  }

  close(): void {
    this.#cancelTimeout();
  }

  #welcome(role: Role, id: string | number | null): void {
    this.#cancelTimeout();
    if (id !== null) this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { role } }));
    this.#options.onRole(role);
  }

  #refuse(code: SessionErrorCode, id: string | number | null): void {
    const reason = code === 'TOO_MANY_CLIENTS' ? 'tooMany' : 'refused';
    this.#isRefused = true;
    this.#cancelTimeout();
    this.#options.onRefused(reason);
    this.#socket.send(errorReply(id, new SessionError(code)));
    this.#socket.close(reason === 'tooMany' ? CLOSE_TOO_MANY : CLOSE_POLICY);
    this.#cancelTimeout = this.#options.clock.after(REFUSED_LINGER_MS, () => this.#options.onOver(reason));
  }
}

function readToken(text: string): { id: string | number | null; token: string | undefined } {
  try {
    const parsed = JSON.parse(text) as {
      readonly id?: string | number;
      readonly token?: unknown;
      readonly params?: { readonly token?: unknown };
    } | null;
    const token = parsed?.params?.token ?? parsed?.token;
    return { id: parsed?.id ?? null, token: typeof token === 'string' ? token : undefined };
  } catch {
    return { id: null, token: undefined };
  }
}
