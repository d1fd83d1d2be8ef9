/**
 * A TCP peer as a `Link`: a device server, an instrument, anything that listens. A peer that closes its sending side has
 * ended the connection: a link without bytes from the device is of no use.
 */
import { connect, type Socket } from 'node:net';
import createDebug from 'debug';
import { type Clock, systemClock } from '../base/clock.js';
import { errorText, systemErrorCode } from '../base/errors.js';
import { type Link, type LinkDownReason, LinkError, type LinkHandlers, type OpenLink } from './link.js';
import { formatTcpAddress } from './tcp-address.js';

const log = createDebug('meshgate:link');

export interface TcpLinkSettings {
  /** Host name or IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** See `Link`. */
  readonly identity?: string | undefined;
  /** Includes the look-up of the host name. Default 5,000 ms. */
  readonly openTimeoutMs?: number | undefined;
  /** Time-out for one write, after which the link is closed. Default 2,000 ms. */
  readonly writeTimeoutMs?: number | undefined;
  /** Silence after which the system checks whether the peer is still there; then lost after 10 s. Default 10,000 ms. */
  readonly keepAliveMs?: number | undefined;
  /** Bytes that may wait for a peer that does not read; further writes are rejected. Default 64 KiB. */
  readonly maxUnsentBytes?: number | undefined;
}

/** Replaced in tests. */
export interface TcpLinkOptions {
  readonly clock?: Clock;
}

const DEFAULT_OPEN_TIMEOUT_MS = 5_000;
const DEFAULT_WRITE_TIMEOUT_MS = 2_000;
const DEFAULT_KEEP_ALIVE_MS = 10_000;
const DEFAULT_MAX_UNSENT_BYTES = 65_536;
/** On closing, time for the peer to take what has been written. */
const CLOSE_TIMEOUT_MS = 1_000;
/** One buffer, filled up to 32 times before the event loop goes on: 512 KiB per turn from a peer that floods. */
const READ_BUFFER_BYTES = 16_384;

/** Connects to `settings.host`; rejects with a `LinkError`. */
export function openTcpLink(settings: TcpLinkSettings, options: TcpLinkOptions = {}): OpenLink {
  return async (handlers) => {
    const link = new TcpLink(settings, handlers, options);
    await link.open();
    return link;
  };
}

type Settle = (error?: LinkError) => void;
type Done = (error?: Error | null) => void;

export class TcpLink implements Link {
  readonly name: string;
  readonly identity: string | undefined;
  readonly #settings: TcpLinkSettings;
  readonly #handlers: LinkHandlers;
  readonly #clock: Clock;
  /** Pending operations: each is settled once, by the socket, its time-out or the end of the link. */
  readonly #waiting = new Set<Settle>();
  #socket: Socket | undefined;
  #state: 'awaitingOpen' | 'open' | 'ended' = 'awaitingOpen';
  #endedBy = new LinkError('stopped', 'the connection is not open');
  #released: Promise<void> | undefined;
  #closeCalled = false;

  constructor(settings: TcpLinkSettings, handlers: LinkHandlers, options: TcpLinkOptions = {}) {
    this.name = formatTcpAddress(settings);
    this.identity = settings.identity;
    this.#settings = settings;
    this.#handlers = handlers;
    this.#clock = options.clock ?? systemClock;
  }

  /** Bytes that have been written, but not taken by the system. */
  get unsentBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /** Call once. Rejects with a `LinkError`, with the reason `stopped` if `close()` is called first. */
  async open(): Promise<void> {
    if (this.#state === 'ended') throw this.#endedBy;
    const { openTimeoutMs = DEFAULT_OPEN_TIMEOUT_MS } = this.#settings;
    try {
      await this.#within(openTimeoutMs, 'openTimeout', (done) => this.#connect(done));
    } catch (error) {
      await this.#release();
      throw error;
    }
  }

  /**
   * Rejects with `writeFailed` if too much is waiting already; the link stays open then, and is closed with
   * `writeTimeout` unless the peer reads.
   */
  write(bytes: Buffer): Promise<void> {
    const socket = this.#socket;
    if (this.#state !== 'open' || !socket) return Promise.reject(this.#endedBy);
    const { writeTimeoutMs = DEFAULT_WRITE_TIMEOUT_MS, maxUnsentBytes = DEFAULT_MAX_UNSENT_BYTES } =
      this.#settings;
    const unsent = this.unsentBytes;
    if (unsent > 0 && unsent + bytes.length > maxUnsentBytes) {
      const detail = `${this.name}: the device does not read: ${unsent} bytes are waiting`;
      return Promise.reject(new LinkError('writeFailed', detail));
    }
    return this.#within(writeTimeoutMs, 'writeTimeout', (done) => socket.write(bytes, done));
  }

  /** Resolves when the socket is closed: what has been written is sent first, for 1 s at most. */
  close(): Promise<void> {
    this.#closeCalled = true;
    this.#end('stopped', 'closed');
    return this.#release();
  }

  #connect(done: Done): void {
    const { host, port, keepAliveMs = DEFAULT_KEEP_ALIVE_MS } = this.#settings;
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      onread: { buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES), callback: this.#onRead },
    });
    this.#socket = socket;
    socket.once('connect', () => this.#onConnected(socket, done));
    socket.on('end', () => this.#end('closedByPeer', 'end of data'));
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#end('connectionLost', 'the connection was closed'));
  }

  /** Linux connects a socket to itself if it gets the wanted port as its own, and nothing listens there. */
  #onConnected(socket: Socket, done: Done): void {
    if (this.#state !== 'awaitingOpen') return;
    const isSelf = socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
    if (isSelf) {
      this.#end('refused', 'nothing is listening');
      return;
    }
    this.#state = 'open';
    log('%s: connected to %s', this.name, socket.remoteAddress);
    done();
  }

  readonly #onRead = (length: number, buffer: Uint8Array): boolean => {
    if (this.#state === 'open') {
      this.#handlers.onBytes(Buffer.from(buffer.buffer, buffer.byteOffset, length));
    }
    return true;
  };

  #onError(error: Error): void {
    this.#end(this.#state === 'open' ? 'connectionLost' : connectFailure(error), detailOf(error));
  }

  /** Runs one operation with a time-out; rejects if the link ends first. */
  #within(ms: number, late: LinkDownReason, start: (done: Done) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => this.#end(late, `timed out after ${ms} ms`));
      const settle: Settle = (error) => {
        cancel();
        this.#waiting.delete(settle);
        if (error) reject(error);
        else resolve();
      };
      this.#waiting.add(settle);
      start((error) => {
        if (error) this.#onError(error);
        settle(error ? this.#endedBy : undefined);
      });
    });
  }

  /** The only place where the link ends. Notifies the owner when the socket is closed. */
  #end(reason: LinkDownReason, detail: string): void {
    if (this.#state === 'ended') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'ended';
    this.#endedBy = new LinkError(reason, `${this.name}: ${detail}`);
    log('%s: %s (%s)', this.name, reason, detail);
    const released = this.#release(reason === 'stopped' && wasOpen);
    for (const settle of [...this.#waiting]) settle(this.#endedBy);
    if (wasOpen) void released.then(() => this.#notifyClosed());
  }

  #notifyClosed(): void {
    if (!this.#closeCalled) this.#handlers.onClosed(this.#endedBy.reason, this.#endedBy.message);
  }

  /** Closes the socket, once; `sendFirst`: after what has been written is sent. Otherwise it is dropped. */
  #release(sendFirst = false): Promise<void> {
    this.#released ??= new Promise((resolve) => {
      const socket = this.#socket;
      if (!socket || socket.closed) {
        resolve();
        return;
      }
      const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, () => socket.destroy());
      socket.once('close', () => {
        cancel();
        resolve();
      });
      if (sendFirst) socket.destroySoon();
      else if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    });
    return this.#released;
  }
}

const CONNECT_FAILURES: Readonly<Record<string, LinkDownReason>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ENOTFOUND: 'hostNotFound',
  EAI_AGAIN: 'hostNotFound',
  ETIMEDOUT: 'openTimeout',
};

/** The reason, from the closed list, for an error of connecting. */
export function connectFailure(error: unknown): LinkDownReason {
  return CONNECT_FAILURES[systemErrorCode(error) ?? ''] ?? 'openFailed';
}

/** A host name with several addresses fails with one error for each of them, and an empty message. */
function detailOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(errorText).join('; ') : errorText(error);
}
