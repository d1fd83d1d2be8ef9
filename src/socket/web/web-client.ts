/** One websocket client: a classic dashboard or a JSON-RPC session. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Share } from '../../api/byte-budget.js';
import { ClientSession } from '../../api/client-session.js';
import { ClientTally } from '../../api/client-tally.js';
import { CLOSING_REASONS, type ClosingReason } from '../../api/errors.js';
import type { SessionOptions } from '../../api/session.js';
import type { ClientInfo } from '../../api/shapes.js';
import type { SharedLimits } from '../../api/shared-limits.js';
import type { Role } from '../../config/role.js';
import type { SendMessage } from './monitor-feed.js';
import { CLOSE_POLICY, TokenHandshake } from './token-handshake.js';
import type { AccessSettings } from './web-access.js';
import type { WebMember } from './web-channels.js';
import type { WebEndReason } from './web-end-reasons.js';
import { WebTransport } from './web-transport.js';

export interface WebClientOptions
  extends Omit<SessionOptions, 'send' | 'isBackedUp' | 'role' | 'tally' | 'lane' | 'onHeld' | 'eventTexts'> {
  readonly access: AccessSettings;
  /** Undefined until the client has authenticated. */
  readonly role: Role | undefined;
  /** Bytes that may be queued for a client that does not read. */
  readonly outboxLimit: number;
  readonly shared: SharedLimits;
  readonly purpose: 'monitor' | 'session';
  /** Starts feeding a classic dashboard; returns a function that ends this. */
  readonly watch: (send: SendMessage, tally: ClientTally) => () => void;
  /** The client has authenticated: false if there are too many clients. */
  readonly admit: (client: WebClient) => boolean;
  readonly onEnd: (client: WebClient, reason: WebEndReason) => void;
}

/** Close codes of websockets: RFC 6455, section 7.4. */
const CLOSE_GOING_AWAY = 1001;
/** Maximum bytes of the reason in a close frame. */
const MAX_CLOSE_REASON = 123;
/** The client may reconnect immediately. */
const CLOSE_SERVICE_RESTART = 1012;

const END_REASONS: Readonly<Record<ClosingReason, WebEndReason>> = {
  SLOW_READER: 'slowReader',
  LINE_TOO_LONG: 'failed',
  TOO_MUCH_UNREAD: 'tooMuchUnread',
  TOO_MUCH_UNFINISHED: 'tooMuchUnfinished',
  TOO_MANY_CLIENTS: 'refused',
  STOPPED: 'stopped',
};

export class WebClient implements WebMember {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #options: WebClientOptions;
  readonly #tally = new ClientTally();
  readonly #connectedAt: number;
  #kind: ClientInfo['kind'] = 'new';
  #role: Role | undefined;
  #session: ClientSession | undefined;
  #unwatch: () => void = () => {};
  /** Shares of the unread output (a session has its own) and of the unprocessed input of all clients. */
  #shares: { readonly unread: Share | undefined; readonly unfinished: Share } | undefined;
  /** Bytes received up to the end of the last complete message. */
  #readAtMessage = 0;
  #handshake: TokenHandshake | undefined;
  #isAlive = true;
  #isEnded = false;
  /** Why the connection is being closed; `clientLeft` unless the gateway closes it. */
  #closedAs: WebEndReason = 'clientLeft';

  constructor(socket: WebSocket, tcp: Socket, options: WebClientOptions) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#options = options;
    this.#connectedAt = options.clock.now();
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
    if (options.role) this.#admit(options.role);
    else this.#handshake = this.#awaitToken();
  }

  get hasSession(): boolean {
    return this.#session !== undefined;
  }

  describe(): ClientInfo {
    const { messages, dropped, coalesced } = this.#tally;
    return {
      name: this.#options.name,
      kind: this.#kind,
      role: this.#role ?? null,
      connectedAt: this.#connectedAt,
      queuedBytes: this.#session?.waitingBytes ?? this.#socket.bufferedAmount,
      sent: { messages, bytes: this.#tcp.bytesWritten },
      dropped,
      coalesced,
    };
  }

  /** Pings the client; drops it if it did not answer the previous ping. */
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

  /** Closes the client after a change of access settings; it may reconnect under the new ones. */
  dismiss(): void {
    this.#closedAs = 'accessChanged';
    this.#handshake?.close();
    this.#unwatch();
    this.#session?.close();
    this.#socket.close(CLOSE_SERVICE_RESTART);
  }

  /** Ends the connection immediately and drops unsent output. */
  cut(): void {
    this.#end('stopped');
  }

  /** Closes the client to make room: it has not authenticated yet. */
  displace(): void {
    this.#end(this.#closedAs === 'clientLeft' ? 'displaced' : this.#closedAs);
  }

  #onMessage(text: string): void {
    if (this.#isEnded || this.#closedAs !== 'clientLeft') return;
    if (this.#session) this.#session.receive(text);
    else if (!this.#role) this.#handshake?.onMessage(text);
  }

  #awaitToken(): TokenHandshake {
    return new TokenHandshake(this.#socket, {
      ...this.#options,
      admit: () => this.#options.admit(this),
      onRole: (role) => this.#admit(role),
      onRefused: (reason) => {
        this.#closedAs = reason;
      },
      onOver: (reason) => this.#end(reason),
    });
  }

  #admit(role: Role): void {
    this.#role = role;
    this.#kind = this.#options.purpose === 'monitor' ? 'webMonitor' : 'webSession';
    if (this.#options.purpose === 'monitor') this.#watch(role);
    else this.#openSession(role);
  }

  #watch(role: Role): void {
    this.#openShares(role, true);
    this.#unwatch = this.#options.watch((text, onSent) => this.#send(text, onSent), this.#tally);
  }

  #openSession(role: Role): void {
    this.#session = new ClientSession({
      ...this.#options,
      role,
      tally: this.#tally,
      transport: new WebTransport(this.#socket, this.#tcp),
      onQueued: () => this.#shares?.unfinished.update(),
      onClosing: (why) => this.#onClosing(why),
    });
    this.#openShares(role, false);
  }

  #openShares(role: Role, isMonitor: boolean): void {
    const { unread, unfinished } = this.#options.shared;
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

  /** Queued output is still sent while the websocket waits for the client's close frame. */
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

  #send(text: Buffer, onSent: () => void): void {
    this.#tally.messages++;
    this.#socket.send(text, { binary: false }, onSent);
    this.#shares?.unread?.update(text.length);
  }

  #end(reason: WebEndReason): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#handshake?.close();
    this.#unwatch();
    this.#closeShares();
    this.#session?.close();
    this.#options.observer?.ended(reason);
    this.#socket.terminate();
    this.#options.onEnd(this, reason);
  }
}
