/**
 * One client's connection: its socket, its limits, and how it ends. The client's first byte selects the dialect; a client
 * that sends nothing gets the last dialect of the list.
 *
 * `end` is the only way to the final state, from any state, with a reason from end-reasons.ts.
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

/** The kind of a client; `new` until it is known. */
export type ConnectionKind = 'new' | 'listening' | 'sending' | 'session';

/** The conversation with one client. Its methods are called only while the connection is open. */
export interface Dialect {
  /** Bytes not yet read by the client, if the dialect limits them itself; undefined: the outbox does. */
  readonly waitingBytes?: number;
  /** Processes bytes from the client, in chunks of any size. */
  onBytes(chunk: Buffer): void;
  /** The client has closed its writing side but may still read. */
  onClientEnd(): void;
  /** The client has not completed its first request in time. */
  onTimeout(): void;
  /** Refuses a client whose kind is not known yet, because there are too many. */
  refuse(): void;
  /** The gateway is stopping: answers pending requests, then ends the connection. */
  stop(): void;
  /** The same without waiting for pending requests. */
  stopNow(): void;
  /** The connection has ended. */
  close(): void;
}

/** A dialect that clients may use. */
export interface DialectType {
  /** True if a client with this first byte speaks the dialect. */
  isSpokenBy(firstByte: number): boolean;
  /** Opens the dialect for a connection; its first bytes are passed next. */
  open(connection: Connection): Dialect;
  /** The refusal sent if there are too many clients. `firstBytes`: input of the client, may be empty. */
  refusal(firstBytes: Buffer): Buffer;
}

/** The last dialect accepts all clients that no other accepts. */
export type DialectList = readonly [...DialectType[], DialectType];

export interface ConnectionSettings {
  /** ms for a client to complete its first request. */
  readonly requestTimeoutMs: number;
  /** Bytes that may be queued for a client that does not read. */
  readonly outboxLimit: number;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: ConnectionSettings;
  readonly dialects: DialectList;
  readonly observer?: ClientObserver | undefined;
  /** Permissions of the client. */
  readonly role: Role;
  /** Name of the client's socket. */
  readonly via: string;
  /** Shared by clients of all sockets. */
  readonly shared: SharedLimits;
  /** Called once, when the connection has ended. */
  readonly onEnd: (connection: Connection, reason: ConnectionEndReason) => void;
}

/** Time for a client that is to be refused to show which dialect it speaks. */
const REFUSAL_WAIT_MS = 1000;
/**
 * Time for the client to close its side after the last reply. Closing at once with unread input would reset the
 * connection, and the client could lose the reply.
 */
const LINGER_MS = 1000;

const NOTHING = Buffer.alloc(0);

export class Connection {
  readonly name: string;
  readonly options: ConnectionOptions;
  readonly socket: Socket;
  readonly output: ClientOutput;
  readonly #connectedAt: number;
  /** `closing`: the gateway has closed its side and waits for the client to close too. */
  #state: 'open' | 'closing' | 'over' = 'open';
  #kind: ConnectionKind = 'new';
  #dialect: Dialect | undefined;
  #isRefused = false;
  #cancelTimeout: CancelTimer;

  /** `name`: unique name, for logs and for fairness between clients. */
  constructor(name: string, socket: Socket, options: ConnectionOptions) {
    const { clock, settings } = options;
    this.name = name;
    this.socket = socket;
    this.options = options;
    this.output = new ClientOutput(socket, {
      ...options,
      outboxLimit: settings.outboxLimit,
      isBoundedByDialect: () => this.#dialect?.waitingBytes !== undefined,
      onOverBudget: (reason) => this.end(reason),
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

  /** The kind of the client is not known yet. */
  get isUndecided(): boolean {
    return this.isOpen && this.#kind === 'new';
  }

  /** The client is refused because there are too many. */
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

  /** Refuses the client in its own dialect, because there are too many. */
  refuse(): void {
    this.#isRefused = true;
    this.#cancelTimeout();
    this.#cancelTimeout = this.options.clock.after(REFUSAL_WAIT_MS, () => this.#sendRefusal(NOTHING));
  }

  /** Refuses an undecided client to make room for another. */
  makeRoom(): void {
    this.#isRefused = true;
    if (this.#dialect) this.#dialect.refuse();
    else this.#sendRefusal(NOTHING);
  }

  /** Ends the connection immediately and drops unsent output. */
  cut(reason: 'stopped' | 'tooMany' = 'stopped'): void {
    this.end(reason);
  }

  /**
   * The gateway is stopping. Pending requests are answered first, including those still in the system's buffers, because
   * closing with unread input would reset the connection. Ends with `stopNow` at the latest.
   */
  stop(): void {
    void nextTurns().then(() => {
      if (this.isOpen) this.#dialect?.stop();
    });
  }

  /** Closes the connection cleanly without waiting for pending requests. */
  stopNow(): void {
    if (this.isOpen && this.#dialect) this.#dialect.stopNow();
    else this.finish('stopped');
  }

  /** For the dialect: sets the kind of the client. */
  decide(kind: ConnectionKind): void {
    this.#kind = kind;
    this.#cancelTimeout();
  }

  /** For the dialect: sends the last reply and closes. */
  reply(reply: Buffer, reason: ConnectionEndReason): void {
    if (!this.isOpen) return;
    this.options.observer?.answered(reply);
    this.output.write(reply);
    this.output.tally.messages++;
    this.finish(reason);
  }

  /** Closes the gateway's side; further input is ignored until the client closes too. */
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

  /** Time limit for reading the last reply. A client closed for not reading gets less time and keeps its reason. */
  #endLater(reason: ConnectionEndReason): CancelTimer {
    const { clock } = this.options;
    if (reason === 'tooMuchUnread') return clock.after(LINGER_MS, () => this.end(reason));
    return clock.after(TAKE_TIMEOUT_MS, () => this.end('slowReader'));
  }

  /** All output has been sent. */
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

/** Two turns of the event loop read everything that was in the system's buffers before. */
async function nextTurns(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
