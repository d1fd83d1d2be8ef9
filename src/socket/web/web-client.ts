/** One websocket client: a dashboard of the classic kind, or a JSON-RPC session. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { CancelTimer } from '../../clock.js';
import { ClientTally } from '../client-tally.js';
import type { Role } from '../role.js';
import { ClientSession, type SessionTransport } from '../session/client-session.js';
import { SessionError } from '../session/errors.js';
import { errorReply, type SessionParts } from '../session/session.js';
import type { ClientInfo } from '../session/shapes.js';
import { type AccessSettings, roleOfToken } from './web-access.js';

export const WEB_END_REASONS = {
  clientLeft: 'the client closed it',
  refused: 'the client showed no valid token',
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
  readonly watch: (tell: (text: string) => void) => () => void;
  readonly onEnd: (client: WebClient, reason: WebEndReason) => void;
}

/** A client must show its token within this time. */
const TOKEN_TIMEOUT_MS = 5000;
/** Close codes of websockets: RFC 6455, section 7.4. */
const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;
/** 1012, service restart: the client may come again at once. */
const CLOSE_COME_AGAIN = 1012;

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
    else this.#cancelTimeout = parts.clock.after(TOKEN_TIMEOUT_MS, () => this.#refuse());
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

  #onMessage(text: string): void {
    if (this.#isEnded || this.#closedAs === 'accessChanged') return;
    if (this.#session) this.#session.receive(text);
    else if (!this.#parts.role) this.#takeToken(text);
  }

  /** The first message of a client that had no header to show its token in: `authenticate` with `token`. */
  #takeToken(text: string): void {
    const { id, token } = readToken(text);
    const role = token === undefined ? undefined : roleOfToken(token, this.#parts.access);
    if (!role) {
      this.#refuse(id);
      return;
    }
    this.#cancelTimeout();
    if (id !== null) this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { role } }));
    this.#admit(role);
  }

  #admit(role: Role): void {
    this.#role = role;
    this.#kind = this.#parts.purpose === 'monitor' ? 'webMonitor' : 'webSession';
    if (this.#parts.purpose === 'monitor') {
      this.#unwatch = this.#parts.watch((text) => this.#tell(text));
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

  #refuse(id: string | number | null = null): void {
    this.#socket.send(errorReply(id, new SessionError('UNAUTHORIZED')));
    this.#socket.close(CLOSE_POLICY);
    this.#end('refused');
  }

  #tell(text: string): void {
    if (this.#socket.bufferedAmount > this.#parts.outboxLimit) {
      this.#tally.dropped++;
      this.#end('slowReader');
      return;
    }
    this.#tally.messages++;
    this.#socket.send(text);
  }

  #end(reason: WebEndReason): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelTimeout();
    this.#unwatch();
    this.#session?.close();
    this.#parts.tap?.ended(reason);
    if (this.#closedAs === reason || reason === 'refused') this.#socket.close(CLOSE_NORMAL);
    else this.#socket.terminate();
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
