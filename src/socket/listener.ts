import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { OpenObserver } from '../api/client-observer.js';
import { ClientTotals } from '../api/client-tally.js';
import type { SharedLimits } from '../api/shared-limits.js';
import type { Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import type { Log } from '../base/log.js';
import type { Role } from '../config/role.js';
import { Connection, type ConnectionSettings, type DialectList } from './connection.js';
import { CONNECTION_END_REASONS, type ConnectionEndReason } from './end-reasons.js';

export interface ClientListenerSettings extends ConnectionSettings {
  /** Connections at once of each role, over all sockets. */
  readonly maxClients: number;
}

export interface ClientListenerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer?: OpenObserver | undefined;
  readonly settings: ClientListenerSettings;
  /** What clients of all sockets share. */
  readonly shared: SharedLimits;
  /** What clients may say; see Connection. */
  readonly dialects: DialectList;
}

/** Where clients come by, and what those may do. `name`: what logs call it. */
export interface ListeningAddress {
  readonly at: { readonly path: string } | { readonly port: number } | { readonly fd: number };
  readonly role: Role;
  readonly name: string;
  /** False where another program has put its own socket in this one's location: that must stay. */
  readonly isOurs?: () => boolean;
}

/** A socket on which clients are accepted. */
export interface Listener {
  readonly isOpen: boolean;
  /** Accepts nobody more, and removes the socket's file; those who are connected stay. */
  close(): void;
}

/** Refused clients that are told why at once; further ones are cut off, so that their number stays bounded. */
const MAX_REFUSED = 64;
/** A client that sends nothing for so long is asked by TCP whether it is still there. */
const KEEP_ALIVE_MS = 60_000;
/** What a stopping gateway gives the clients that it has accepted to ask, and to be answered. */
const STOP_GRACE_MS = 500;
/** Then, to take what was sent to them. */
const STOP_LINGER_MS = 500;
/** Connections that the kernel may hold until they are accepted. */
const BACKLOG = 511;

/** A person should know that the gateway closed a client for these. */
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
  /** Listening has ended, or is about to: resolved when the connections that came by it are over too. */
  readonly #closed: Promise<void>[] = [];
  readonly #connections = new Set<Connection>();
  readonly #ended = new Counters<ConnectionEndReason>(END_REASONS);
  readonly #totals = new ClientTotals();
  #accepted = 0;

  constructor(options: ClientListenerOptions) {
    this.#options = options;
  }

  /** Clients now: all, and those of two kinds. */
  clients() {
    const connections = [...this.#connections];
    return {
      connected: connections.length,
      listening: connections.filter(({ isListening }) => isListening).length,
      sessions: connections.filter(({ hasSession }) => hasSession).length,
    };
  }

  /** Each client, in the order in which they came. */
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
   * Listens on a Unix socket's path, on a port of 127.0.0.1, or on a socket that is open already. Rejects with the
   * system's error.
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
          this.#options.log.warn('accept', `could not accept a client: ${error.message}`),
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
   * Stops accepting at once, answers what was accepted, ends every connection, and removes the socket files that are
   * its own. Who waits in the queue of a passed socket is left to the next process.
   */
  async stop(): Promise<void> {
    const { clock } = this.#options;
    for (const server of [...this.#servers.keys()]) this.#close(server);
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

  /** Node removes whatever lies at the path: where that is not this socket's file, the process's end closes it. */
  #close(server: Server): void {
    const isOurs = this.#servers.get(server)?.isOurs?.() ?? true;
    this.#servers.delete(server);
    if (isOurs) this.#closed.push(new Promise((resolve) => server.close(() => resolve())));
    else server.unref();
  }

  #accept(socket: Socket, address: ListeningAddress): void {
    this.#accepted++;
    const room = this.#roomFor(address.role);
    if (room === 'none') this.#cutOff(socket);
    else this.#take(socket, address, room === 'forAll');
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

  /** One role's clients can't crowd out another's; and those that have said nothing make room for those that may. */
  #roomFor(role: Role): 'forAll' | 'forRefusal' | 'none' {
    const connections = [...this.#connections];
    const admitted = connections.filter((other) => other.role === role && !other.isRefused);
    const hasRefusalRoom = connections.filter(({ isRefused }) => isRefused).length < MAX_REFUSED;
    if (admitted.length < this.#options.settings.maxClients) return 'forAll';
    const oldestSilent = admitted.find(({ isUndecided }) => isUndecided);
    if (!oldestSilent) return hasRefusalRoom ? 'forRefusal' : 'none';
    if (hasRefusalRoom) oldestSilent.makeRoom();
    else oldestSilent.cut('tooMany');
    return 'forAll';
  }

  #cutOff(socket: Socket): void {
    socket.on('error', () => {});
    socket.destroy();
    this.#ended.add('tooMany');
    this.#options.log.warn('tooMany', `a client was cut off: ${CONNECTION_END_REASONS.tooMany}`);
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

/** A socket file comes into being within the call; until its access is set, only its owner may connect. */
function listenPrivately(server: Server, options: ListenOptions, onListening: () => void): void {
  const umask = process.umask(0o177);
  server.listen(options, onListening);
  process.umask(umask);
}
