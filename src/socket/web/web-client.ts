/** One websocket client: a dashboard of the classic kind, or a JSON-RPC session. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { CancelTimer } from '../../clock.js';
import { ClientTally } from '../client-tally.js';
import type { Role } from '../role.js';
import { ClientSession, type SessionTransport } from '../session/client-session.js';
import { SessionError, type SessionErrorCode } from '../session/errors.js';
import { errorReply, type SessionParts } from '../session/session.js';
import type { ClientInfo } from '../session/shapes.js';
import type { SendMessage } from './monitor-feed.js';
import { type AccessSettings, roleOfToken } from './web-access.js';

export const WEB_END_REASONS = {
  clientLeft: 'the client closed it',
  refused: 'the client showed no valid token',
  displaced: 'too many clients had shown no token, and this one had waited longest',
  tooMany: 'too many clients were connected',
  slowReader: 'the client did not read what was sent to it',
  notAlive: 'the client did not answer a ping',
  failed: 'the connection failed',
  accessChanged: 'what clients may do was changed',
  stopped: 'the gateway was stopped',
} as const;

export type WebEndReason = keyof typeof WEB_END_REASONS;

export interface WebClientParts extends Omit<SessionParts, 'send' | 'isBehind' | 'role' | 'tally'> {
  readonly access: AccessSettings;
  /** Undefined until the client has shown a token. */
  readonly role: Role | undefined;
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
  readonly purpose: 'monitor' | 'session';
  /** Begins to feed a dashboard of the classic kind; returns how to end that. */
  readonly watch: (send: SendMessage, tally: ClientTally) => () => void;
  /** The client has shown a token: false where there is no room for it. */
  readonly admit: (client: WebClient) => boolean;
  readonly onEnd: (client: WebClient, reason: WebEndReason) => void;
}

/** A client must show its token within this time. */
const TOKEN_TIMEOUT_MS = 5000;
/** A client that was refused has this long to read why. */
const REFUSED_LINGER_MS = 1000;
/** Close codes of websockets: RFC 6455, section 7.4. */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;
/** 1012, service restart: the client may come again at once. */
const CLOSE_COME_AGAIN = 1012;
/** 1013, try again later. */
const CLOSE_TOO_MANY = 1013;

export class WebClient {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #parts: WebClientParts;
  readonly #tally = new ClientTally();
  readonly #connectedAt: number;
  #kind: ClientInfo['kind'] = 'new';
  #role: Role | undefined;
  #session: ClientSession | undefined;
  #unwatch: () => void = () => {};
  #cancelTimeout: CancelTimer = () => {};
  #isAlive = true;
  #isEnded = false;
  /** Who has begun to close the connection. */
  #closedAs: WebEndReason = 'clientLeft';

  constructor(socket: WebSocket, tcp: Socket, parts: WebClientParts) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#parts = parts;
    this.#connectedAt = parts.clock.now();
    socket.on('message', (data, isBinary) => this.#onMessage(isBinary ? '' : String(data)));
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    socket.on('error', () => this.#end('failed'));
    socket.on('close', () => this.#end(this.#closedAs));
    if (parts.role) this.#admit(parts.role);
    else this.#cancelTimeout = parts.clock.after(TOKEN_TIMEOUT_MS, () => this.#refuseToken());
  }

  get hasSession(): boolean {
    return this.#session !== undefined;
  }

  describe(): ClientInfo {
    const { messages, dropped, coalesced } = this.#tally;
    return {
      name: this.#parts.name,
      kind: this.#kind,
      role: this.#role ?? null,
      connectedAt: this.#connectedAt,
      queuedBytes: this.#socket.bufferedAmount,
      sent: { messages, bytes: this.#tcp.bytesWritten },
      dropped,
      coalesced,
    };
  }

  /** Asks whether the client is still there; one that did not answer the last time is dropped. */
  ping(): void {
    if (!this.#isAlive) {
      this.#end('notAlive');
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  stop(): void {
    this.#session?.closing('STOPPED');
    this.#socket.close(CLOSE_GOING_AWAY);
  }

  /** Nothing is taken from the client any more; it may come again, and is judged anew. */
  dismiss(): void {
    this.#closedAs = 'accessChanged';
    this.#cancelTimeout();
    this.#unwatch();
    this.#session?.close();
    this.#socket.close(CLOSE_COME_AGAIN);
  }

  /** Ends the connection at once, whatever is still unsent. */
  cut(): void {
    this.#end('stopped');
  }

  /** Others need the room, and this client has shown no token yet. */
  displace(): void {
    this.#end(this.#closedAs === 'clientLeft' ? 'displaced' : this.#closedAs);
  }

  #onMessage(text: string): void {
    if (this.#isEnded || this.#closedAs !== 'clientLeft') return;
    if (this.#session) this.#session.receive(text);
    else if (!this.#role) this.#takeToken(text);
  }

  /** The first message of a client that had no header to show its token in: `authenticate` with `token`. */
  #takeToken(text: string): void {
    const { id, token } = readToken(text);
    const role = token === undefined ? undefined : roleOfToken(token, this.#parts.access);
    if (!role) this.#refuseToken(id);
    else if (!this.#parts.admit(this)) this.#refuse('tooMany', 'TOO_MANY_CLIENTS', id);
    else this.#welcome(role, id);
  }

  #welcome(role: Role, id: string | number | null): void {
    this.#cancelTimeout();
    if (id !== null) this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { role } }));
    this.#admit(role);
  }

  #admit(role: Role): void {
    this.#role = role;
    this.#kind = this.#parts.purpose === 'monitor' ? 'webMonitor' : 'webSession';
    if (this.#parts.purpose === 'monitor') {
      this.#unwatch = this.#parts.watch((text, onGone) => this.#send(text, onGone), this.#tally);
      return;
    }
    this.#session = new ClientSession({
      ...this.#parts,
      role,
      tally: this.#tally,
      transport: new WebTransport(this.#socket, this.#tcp),
      onClosing: (why) => this.#onClosing(why === 'STOPPED' ? 'stopped' : 'slowReader'),
    });
  }

  /** What was sent is still given to the client, for as long as the websocket waits for its answer. */
  #onClosing(reason: 'stopped' | 'slowReader'): void {
    this.#closedAs = reason;
    this.#socket.close(reason === 'stopped' ? CLOSE_GOING_AWAY : CLOSE_POLICY);
  }

  #refuseToken(id: string | number | null = null): void {
    this.#refuse('refused', 'UNAUTHORIZED', id);
  }

  #refuse(reason: 'refused' | 'tooMany', code: SessionErrorCode, id: string | number | null): void {
    this.#closedAs = reason;
    this.#cancelTimeout();
    this.#socket.send(errorReply(id, new SessionError(code)));
    this.#socket.close(reason === 'tooMany' ? CLOSE_TOO_MANY : CLOSE_POLICY);
    this.#cancelTimeout = this.#parts.clock.after(REFUSED_LINGER_MS, () => this.#end(reason));
  }

  #send(text: Buffer, onGone: () => void): void {
    this.#tally.messages++;
    this.#socket.send(text, { binary: false }, onGone);
  }

  #end(reason: WebEndReason): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelTimeout();
    this.#unwatch();
    this.#session?.close();
    this.#parts.tap?.ended(reason);
    this.#socket.terminate();
    this.#parts.onEnd(this, reason);
  }
}

/** Frames on a websocket. */
class WebTransport implements SessionTransport {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;

  constructor(socket: WebSocket, tcp: Socket) {
    this.#socket = socket;
    this.#tcp = tcp;
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  write(text: string, onTaken?: () => void): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text, () => onTaken?.());
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#tcp.destroyed) this.#socket.resume();
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
