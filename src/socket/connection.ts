/**
 * One client's connection: its socket, its limits, and how it ends. What is said on it is a dialect's, chosen by the
 * client's first byte; where it sends nothing, by the last dialect of the list.
 *
 * `end` is the only way out, from any state, with one of the reasons below.
 */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientObserver } from '../api/client-observer.js';
import type { SharedLimits } from '../api/shared-limits.js';
import type { CancelTimer, Clock } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Role } from '../config/role.js';
import { ClientOutput, TAKE_TIMEOUT_MS } from './client-output.js';
import type { ConnectionEndReason } from './end-reasons.js';

/** What a client is, as soon as it has shown it; `new` until then. */
export type ConnectionKind = 'new' | 'listening' | 'sending' | 'session';

/** What the gateway and one client say to each other. It is called only while the connection is open. */
export interface Dialect {
  /** Bytes that wait for the client to read, where the dialect bounds them itself; undefined: the outbox does. */
  readonly waitingBytes?: number;
  /** Takes bytes of the client, however they are split. */
  onBytes(chunk: Buffer): void;
  /** The client has closed its side: it says nothing more, and may still read. */
  onClientEnd(): void;
  /** The client has not shown in time what it is. */
  onTimeout(): void;
  /** Refuses a client that has not shown what it is yet, for want of room. */
  refuse(): void;
  /** The gateway stops: answers what the client has asked, then ends the connection. */
  stop(): void;
  /** The same without waiting. */
  stopNow(): void;
  /** The connection is over. */
  close(): void;
}

/** A dialect that clients may choose. */
export interface DialectType {
  /** True where a client whose first byte is this one speaks it. */
  isSpokenBy(firstByte: number): boolean;
  /** For one connection, which its first bytes follow. */
  open(connection: Connection): Dialect;
  /** What a client reads for which there is no room. `firstBytes`: what it has sent, which may be nothing. */
  refusal(firstBytes: Buffer): Buffer;
}

/** The last one takes every client that no other takes. */
export type DialectList = readonly [...DialectType[], DialectType];

export interface ConnectionSettings {
  /** ms for a client to show what it is: for a request to become complete. */
  readonly requestTimeoutMs: number;
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: ConnectionSettings;
  readonly dialects: DialectList;
  readonly observer?: ClientObserver | undefined;
  /** What the client may do. */
  readonly role: Role;
  /** The socket that it came by. */
  readonly via: string;
  /** What clients of all sockets share. */
  readonly shared: SharedLimits;
  /** Called once, when it is over. */
  readonly onEnd: (connection: Connection, reason: ConnectionEndReason) => void;
}

/** A client for which there is no room has this long to show in which dialect the refusal must be. */
const REFUSAL_WAIT_MS = 1000;
/**
 * Then it has this long to close its side. Closing at once would reset the connection where bytes of the client are
 * still unread, and it could lose the reply.
 */
const LINGER_MS = 1000;

const NOTHING = Buffer.alloc(0);

export class Connection {
  readonly name: string;
  readonly options: ConnectionOptions;
  readonly socket: Socket;
  readonly output: ClientOutput;
  readonly #connectedAt: number;
  /** `closing`: the gateway has closed its side, and waits for the client to close its own. */
  #state: 'open' | 'closing' | 'over' = 'open';
  #kind: ConnectionKind = 'new';
  #dialect: Dialect | undefined;
  #isRefused = false;
  #cancelTimeout: CancelTimer;

  /** `name` tells connections apart, in logs and where clients take turns. */
  constructor(name: string, socket: Socket, options: ConnectionOptions) {
    const { clock, settings } = options;
    this.name = name;
    this.socket = socket;
    this.options = options;
    this.output = new ClientOutput(socket, {
      ...options,
      outboxLimit: settings.outboxLimit,
      isBoundedElsewhere: () => this.#dialect?.waitingBytes !== undefined,
      onTooMuch: (reason) => this.end(reason),
    });
    this.#connectedAt = clock.now();
    this.#cancelTimeout = clock.after(settings.requestTimeoutMs, () => this.#onTimeout());
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('end', () => this.#onClientEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.end('clientLeft'));
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isListening(): boolean {
    return this.isOpen && this.#kind === 'listening';
  }

  get hasSession(): boolean {
    return this.isOpen && this.#kind === 'session';
  }

  /** The client has not shown yet what it is. */
  get isUndecided(): boolean {
    return this.isOpen && this.#kind === 'new';
  }

  /** There was no room for it. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  get role(): Role {
    return this.options.role;
  }

  describe() {
    const { messages, dropped, coalesced } = this.output.tally;
    return {
      name: this.name,
      kind: this.#kind,
      role: this.role,
      connectedAt: this.#connectedAt,
      queuedBytes: this.#dialect?.waitingBytes ?? this.output.waitingBytes,
      sent: { messages, bytes: this.socket.bytesWritten },
      dropped,
      coalesced,
    };
  }

  /** Refuses the client for want of room, in its own dialect. */
  refuse(): void {
    this.#isRefused = true;
    this.#cancelTimeout();
    this.#cancelTimeout = this.options.clock.after(REFUSAL_WAIT_MS, () => this.#sendRefusal(NOTHING));
  }

  /** Refuses a client that is undecided, since another wants to come. */
  makeRoom(): void {
    this.#isRefused = true;
    if (this.#dialect) this.#dialect.refuse();
    else this.#sendRefusal(NOTHING);
  }

  /** Ends the connection at once, whatever is still unsent. */
  cut(reason: 'stopped' | 'tooMany' = 'stopped'): void {
    this.end(reason);
  }

  /**
   * The gateway stops. What the client has asked is answered first, also what is still on its way into the process: to
   * close with bytes unread would reset the connection. Until `stopNow` at the latest.
   */
  stop(): void {
    void nextTurns().then(() => {
      if (this.isOpen) this.#dialect?.stop();
    });
  }

  /** Ends the connection in order, without waiting for a request or a reply. */
  stopNow(): void {
    if (this.isOpen && this.#dialect) this.#dialect.stopNow();
    else this.finish('stopped');
  }

  /** For the dialect: the client has shown what it is. */
  decide(kind: ConnectionKind): void {
    this.#kind = kind;
    this.#cancelTimeout();
  }

  /** For the dialect: says the last, and closes. */
  reply(reply: Buffer, reason: ConnectionEndReason): void {
    if (!this.isOpen) return;
    this.options.observer?.answered(reply);
    this.output.write(reply);
    this.output.tally.messages++;
    this.finish(reason);
  }

  /** Closes the gateway's side; what the client still sends is read and ignored until it closes too. */
  finish(reason: ConnectionEndReason): void {
    if (!this.isOpen) return;
    this.#state = 'closing';
    this.output.finish();
    this.#cancelTimeout();
    this.#cancelTimeout = this.#endLater(reason);
    this.socket.resume();
    this.socket.end(() => this.#linger(reason));
  }

  end(reason: ConnectionEndReason): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#cancelTimeout();
    this.#dialect?.close();
    this.output.close();
    this.socket.destroy();
    this.options.observer?.ended(reason);
    this.options.onEnd(this, reason);
  }

  /** Until then the client may take its reply. One that was closed since it does not read has less time, and it is known why. */
  #endLater(reason: ConnectionEndReason): CancelTimer {
    const { clock } = this.options;
    if (reason === 'tooMuchUnread') return clock.after(LINGER_MS, () => this.end(reason));
    return clock.after(TAKE_TIMEOUT_MS, () => this.end('slowReader'));
  }

  /** The client has taken everything. */
  #linger(reason: ConnectionEndReason): void {
    if (this.#state !== 'closing') return;
    this.#cancelTimeout();
    if (this.socket.readableEnded) {
      this.end(reason);
      return;
    }
    this.socket.once('end', () => this.end(reason));
    this.#cancelTimeout = this.options.clock.after(LINGER_MS, () => this.end(reason));
  }

  #onData(chunk: Buffer): void {
    if (!this.isOpen) return;
    if (this.#isRefused) this.#sendRefusal(chunk);
    else this.#dialectFor(chunk).onBytes(chunk);
  }

  #onClientEnd(): void {
    if (!this.isOpen) return;
    if (this.#dialect) this.#dialect.onClientEnd();
    else this.end('clientLeft');
  }

  #onTimeout(): void {
    if (this.isUndecided) this.#dialectFor(NOTHING).onTimeout();
  }

  #sendRefusal(firstBytes: Buffer): void {
    this.reply(this.#typeOf(firstBytes).refusal(firstBytes), 'tooMany');
  }

  #dialectFor(firstBytes: Buffer): Dialect {
    this.#dialect ??= this.#typeOf(firstBytes).open(this);
    return this.#dialect;
  }

  #typeOf([firstByte]: Buffer): DialectType {
    const { dialects } = this.options;
    const found = firstByte === undefined ? undefined : dialects.find((type) => type.isSpokenBy(firstByte));
    return found ?? (dialects.at(-1) as DialectType);
  }

  #onError(error: Error): void {
    this.options.log.debug('%s: %s', this.name, errorText(error));
    this.end('failed');
  }
}

/** In two turns of the event loop, what lay in the system's buffers when they began has been read. */
async function nextTurns(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
