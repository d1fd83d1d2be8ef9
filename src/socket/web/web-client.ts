/** One websocket client: a dashboard of the classic kind, or a JSON-RPC session. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Share } from '../../api/byte-budget.js';
import { ClientSession } from '../../api/client-session.js';
import { ClientTally } from '../../api/client-tally.js';
import {
  CLOSING_REASONS,
  type ClosingReason,
  SessionError,
  type SessionErrorCode,
} from '../../api/errors.js';
import type { SessionTransport } from '../../api/outgoing.js';
import type { Role } from '../../api/role.js';
import { errorReply, type SessionOptions } from '../../api/session.js';
import type { ClientInfo } from '../../api/shapes.js';
import type { SharedLimits } from '../../api/shared-limits.js';
import type { CancelTimer } from '../../base/clock.js';
import type { SendMessage } from './monitor-feed.js';
import { type AccessSettings, roleOfToken } from './web-access.js';

export const WEB_END_REASONS = {
  clientLeft: 'the client closed it',
  refused: 'the client showed no valid token',
  displaced: 'too many clients had shown no token, and this one had waited longest',
  tooMany: 'too many clients were connected',
  slowReader: 'the client did not read what was sent to it',
  tooMuchUnread: 'clients of its role left too much unread, and it had read nothing of the most',
  tooMuchUnfinished: 'clients of its role sent too much without an end, and it had held most for longest',
  notAlive: 'the client did not answer a ping',
  failed: 'the connection failed',
  accessChanged: 'what clients may do was changed',
  stopped: 'the gateway was stopped',
} as const;

export type WebEndReason = keyof typeof WEB_END_REASONS;

export interface WebClientParts
  extends Omit<SessionOptions, 'send' | 'isBehind' | 'role' | 'tally' | 'lane' | 'onHeld' | 'eventTexts'> {
  readonly access: AccessSettings;
  /** Undefined until the client has shown a token. */
  readonly role: Role | undefined;
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
  readonly shared: SharedLimits;
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
/** Bytes of the reason that a close frame may have. */
const MAX_CLOSE_REASON = 123;
/** 1012, service restart: the client may come again at once. */
const CLOSE_COME_AGAIN = 1012;
/** 1013, try again later. */
const CLOSE_TOO_MANY = 1013;

const END_REASONS: Readonly<Record<ClosingReason, WebEndReason>> = {
  SLOW_READER: 'slowReader',
  LINE_TOO_LONG: 'failed',
  TOO_MUCH_UNREAD: 'tooMuchUnread',
  TOO_MUCH_UNFINISHED: 'tooMuchUnfinished',
  TOO_MANY_CLIENTS: 'refused',
  STOPPED: 'stopped',
};

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
  /** Of what all have not read, where there is no session; and of what all have sent and is not carried out. */
  #shares: { readonly unread: Share | undefined; readonly unfinished: Share } | undefined;
  /** Bytes that the client had sent when its last message was whole. */
  #readAtMessage = 0;
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
    socket.on('message', (data, isBinary) => {
      this.#readAtMessage = tcp.bytesRead;
      this.#onMessage(isBinary ? '' : String(data));
    });
    tcp.on('data', (chunk) => this.#shares?.unfinished.update(chunk.length));
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
      queuedBytes: this.#session?.waitingBytes ?? this.#socket.bufferedAmount,
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
    if (this.#parts.purpose === 'monitor') this.#watch(role);
    else this.#openSession(role);
  }

  #watch(role: Role): void {
    this.#openShares(role, true);
    this.#unwatch = this.#parts.watch((text, onGone) => this.#send(text, onGone), this.#tally);
  }

  #openSession(role: Role): void {
    this.#session = new ClientSession({
      ...this.#parts,
      role,
      tally: this.#tally,
      transport: new WebTransport(this.#socket, this.#tcp),
      onQueued: () => this.#shares?.unfinished.update(),
      onClosing: (why) => this.#onClosing(why),
    });
    this.#openShares(role, false);
  }

  #openShares(role: Role, isMonitor: boolean): void {
    const { unread, unfinished } = this.#parts.shared;
    this.#shares = {
      unread: isMonitor
        ? unread.open(
            role,
            () => this.#socket.bufferedAmount,
            () => this.#end('tooMuchUnread'),
          )
        : undefined,
      unfinished: unfinished.open(
        role,
        () => this.#tcp.bytesRead - this.#readAtMessage + (this.#session?.queuedBytes ?? 0),
        () => this.#closeAs('TOO_MUCH_UNFINISHED'),
      ),
    };
  }

  #closeAs(reason: ClosingReason): void {
    if (this.#session) this.#session.closing(reason);
    else this.#onClosing(reason);
  }

  /** What was sent is still given to the client, for as long as the websocket waits for its answer. */
  #onClosing(reason: ClosingReason): void {
    this.#closedAs = END_REASONS[reason];
    this.#closeShares();
    const code = reason === 'STOPPED' ? CLOSE_GOING_AWAY : CLOSE_POLICY;
    this.#socket.close(code, CLOSING_REASONS[reason].slice(0, MAX_CLOSE_REASON));
  }

  #closeShares(): void {
    this.#shares?.unread?.close();
    this.#shares?.unfinished.close();
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
    this.#shares?.unread?.update(text.length);
  }

  #end(reason: WebEndReason): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelTimeout();
    this.#unwatch();
    this.#closeShares();
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
  #isCut = false;

  constructor(socket: WebSocket, tcp: Socket) {
    this.#socket = socket;
    this.#tcp = tcp;
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** A text in parts is one message in fragments: RFC 6455, section 5.4. */
  write(bytes: string | Buffer, onTaken?: () => void, isPart = false): void {
    if (this.#isCut || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(bytes, { binary: false, fin: !isPart }, () => onTaken?.());
  }

  /** Between the fragments of a message nothing may be sent but the close frame, which has the reason too. */
  cutShort(): void {
    this.#isCut = true;
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
