import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { OpenObserver } from '../api/client-observer.js';
import { ClientTotals } from '../api/client-tally.js';
import type { SharedLimits } from '../api/shared-limits.js';
import { acceptQueued } from '../base/accept-queue.js';
import type { Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import type { Log } from '../base/log.js';
import { withoutOthers } from '../base/umask.js';
import type { Role } from '../config/role.js';
import { Connection, type ConnectionSettings, type DialectList } from './connection.js';
import { CONNECTION_END_REASONS, type ConnectionEndReason } from './end-reasons.js';

export interface ClientListenerSettings extends ConnectionSettings {
  /** Concurrent connections of each role, on all sockets. */
  readonly maxClients: number;
}

export interface ClientListenerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer?: OpenObserver | undefined;
  readonly settings: ClientListenerSettings;
  /** Shared by clients of all sockets. */
  readonly shared: SharedLimits;
  /** Dialects that clients may use; see Connection. */
  readonly dialects: DialectList;
}

/** An address to listen on and the role of its clients. `name`: its name in logs. */
export interface ListeningAddress {
  readonly at: { readonly path: string } | { readonly port: number } | { readonly fd: number };
  readonly role: Role;
  readonly name: string;
  /** False if another program has replaced the socket's file, which must then be kept. */
  readonly isOurs?: () => boolean;
}

/** A socket that accepts clients. */
export interface Listener {
  readonly isOpen: boolean;
  /** Stops accepting and removes the socket's file; existing connections stay open. */
  close(): void;
}

/** Concurrent clients that are sent a refusal; any more are disconnected without one, to limit their number. */
const MAX_REFUSED = 64;
/** Idle time after which TCP keep-alive probes a client. */
const KEEP_ALIVE_MS = 60_000;
/** Time for pending requests to be answered when the gateway stops. */
const STOP_GRACE_MS = 500;
/** Time for clients to read their last output after that. */
const STOP_LINGER_MS = 500;
/** Connections that the kernel may queue before they are accepted. */
const BACKLOG = 511;

/** Reasons that are logged as warnings. */
const WARNED: ReadonlySet<ConnectionEndReason> = new Set([
  'slowReader',
  'tooMuchUnread',
  'tooMuchUnfinished',
  'lineTooLong',
  'tooMany',
]);

const END_REASONS = Object.keys(CONNECTION_END_REASONS) as ConnectionEndReason[];

/** Accepts clients on any number of sockets, and counts how each connection ends. */
export class ClientListener {
  readonly #options: ClientListenerOptions;
  readonly #servers = new Map<Server, ListeningAddress>();
  /** For each closed server: resolves when its connections have ended too. */
  readonly #closed: Promise<void>[] = [];
  readonly #connections = new Set<Connection>();
  readonly #ended = new Counters<ConnectionEndReason>(END_REASONS);
  readonly #totals = new ClientTotals();
  #accepted = 0;

  constructor(options: ClientListenerOptions) {
    this.#options = options;
  }

  /** Numbers of current clients: all, listening, and sessions. */
  clients() {
    const connections = [...this.#connections];
    return {
      connected: connections.length,
      listening: connections.filter(({ isListening }) => isListening).length,
      sessions: connections.filter(({ hasSession }) => hasSession).length,
    };
  }

  /** All clients in order of connection. */
  list() {
    return [...this.#connections].map((connection) => connection.describe());
  }

  counters() {
    return {
      accepted: this.#accepted,
      ...this.clients(),
      ...this.#totals.with(this.list()),
      ended: this.#ended.snapshot(),
    };
  }

  /**
   * Listens on a Unix socket path, on a port of 127.0.0.1, or on an open socket. Rejects with the system's error.
   */
  listen(address: ListeningAddress): Promise<Listener> {
    const { at } = address;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket, address),
    );
    const options = 'port' in at ? { host: '127.0.0.1', port: at.port } : at;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      listenPrivately(server, { ...options, backlog: BACKLOG }, () => {
        server.off('error', reject);
        server.on('error', (error) =>
          this.#options.log.warn('accept', `can't accept a client: ${error.message}`),
        );
        this.#servers.set(server, address);
        resolve({
          get isOpen() {
            return server.listening;
          },
          close: () => this.#close(server),
        });
      });
    });
  }

  /**
   * Stops accepting, answers pending requests, ends all connections, and removes its own socket files. Clients queued on
   * a socket passed by systemd are left to the next process; those queued on other sockets are accepted first.
   */
  async stop(): Promise<void> {
    const { clock } = this.#options;
    await Promise.all([...this.#servers].map(([server, { at }]) => this.#stopAccepting(server, 'fd' in at)));
    for (const connection of this.#connections) connection.stop();
    let cancel = clock.after(STOP_GRACE_MS, () => {
      for (const connection of this.#connections) connection.stopNow();
      cancel = clock.after(STOP_LINGER_MS, () => {
        for (const connection of this.#connections) connection.cut();
      });
    });
    await Promise.all(this.#closed.splice(0));
    cancel();
  }

  async #stopAccepting(server: Server, isQueueKept: boolean): Promise<void> {
    const admit = isQueueKept ? undefined : await acceptQueued(server);
    this.#close(server);
    admit?.();
  }

  /** Node removes any file at the path: if that is not this socket's, the server is left open until the process ends. */
  #close(server: Server): void {
    const isOurs = this.#servers.get(server)?.isOurs?.() ?? true;
    this.#servers.delete(server);
    if (isOurs) this.#closed.push(new Promise((resolve) => server.close(() => resolve())));
    else server.unref();
  }

  #accept(socket: Socket, address: ListeningAddress): void {
    this.#accepted++;
    const admission = this.#admissionFor(address.role);
    if (admission === 'drop') this.#cutOff(socket);
    else this.#take(socket, address, admission === 'admit');
  }

  #take(socket: Socket, address: ListeningAddress, isAdmitted: boolean): void {
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const name = `client ${this.#accepted}`;
    const connection = new Connection(name, socket, {
      ...this.#options,
      observer: this.#options.observer?.(name),
      role: address.role,
      via: address.name,
      onEnd: (ended, reason) => this.#onEnd(ended, reason),
    });
    this.#connections.add(connection);
    if (!isAdmitted) connection.refuse();
  }

  /** Each role has its own limit, and the oldest client that has sent nothing makes room for a new one. */
  #admissionFor(role: Role): 'admit' | 'refuse' | 'drop' {
    const connections = [...this.#connections];
    const admitted = connections.filter((other) => other.role === role && !other.isRefused);
    const hasRefusalRoom = connections.filter(({ isRefused }) => isRefused).length < MAX_REFUSED;
    if (admitted.length < this.#options.settings.maxClients) return 'admit';
    const oldestSilent = admitted.find(({ isUndecided }) => isUndecided);
    if (!oldestSilent) return hasRefusalRoom ? 'refuse' : 'drop';
    if (hasRefusalRoom) oldestSilent.makeRoom();
    else oldestSilent.cut('tooMany');
    return 'admit';
  }

  #cutOff(socket: Socket): void {
    socket.on('error', () => {});
    socket.destroy();
    this.#ended.add('tooMany');
    this.#options.log.warn('tooMany', `a client was disconnected: ${CONNECTION_END_REASONS.tooMany}`);
  }

  #onEnd(connection: Connection, reason: ConnectionEndReason): void {
    this.#connections.delete(connection);
    this.#totals.add(connection.describe());
    this.#ended.add(reason);
    this.#options.log.debug('%s: %s', connection.name, CONNECTION_END_REASONS[reason]);
    if (WARNED.has(reason)) {
      this.#options.log.warn(reason, `${connection.name} was closed: ${CONNECTION_END_REASONS[reason]}`);
    }
  }
}

/** The socket file is created within the call; until its permissions are set, only its owner may connect. */
function listenPrivately(server: Server, options: ListenOptions, onListening: () => void): void {
  withoutOthers(() => server.listen(options, onListening));
}
