/** All sockets and ports for clients except the dashboard's, and the monitoring of all of them. */
import type { Config } from '../config/schema.js';
import { ClientSocket, type PassedSocket } from '../socket/client-socket.js';
import type { ClientListener } from '../socket/listener.js';
import { namingFailures } from '../socket/socket-failures.js';
import { SocketWatch, type SocketWatchOptions, type Watched } from '../socket/socket-watch.js';
import type { WebServer } from '../socket/web/web-server.js';

export class ClientSockets {
  readonly #listener: ClientListener;
  readonly #config: Config;
  readonly #sockets: readonly ClientSocket[];
  readonly #ports: Watched[] = [];

  /** `main`: the path of the main socket, or the socket passed by systemd. */
  constructor(listener: ClientListener, config: Config, main: string | PassedSocket) {
    this.#listener = listener;
    this.#config = config;
    this.#sockets = [
      new ClientSocket(listener, main, config.clients),
      ...config.sockets.map((socket) => new ClientSocket(listener, socket.path, socket)),
    ];
  }

  /** Locks the paths. Rejects with `SOCKET_TAKEN`, `NO_PERMISSION` or `SOCKET_FAILED`. */
  async lock(): Promise<void> {
    for (const socket of this.#sockets) await namingFailures(socket.path, () => socket.lock());
  }

  /** Rejects with `ADDRESS_IN_USE`, `NO_PERMISSION` or `SOCKET_FAILED`. */
  async open(): Promise<void> {
    for (const socket of this.#sockets) await namingFailures(socket.path, () => socket.open());
    for (const port of this.#config.tcp) await this.#listenOnPort(port);
  }

  /** Unlocks the paths. */
  async release(): Promise<void> {
    for (const socket of this.#sockets) await socket.release();
  }

  /** Monitors all open sockets and ports, and the dashboard if it is served. */
  watch(web: WebServer | undefined, webUrl: string | undefined, options: SocketWatchOptions): SocketWatch {
    const sockets = this.#sockets.map((socket) => ({ name: socket.path, check: () => socket.check() }));
    const page = web && webUrl !== undefined ? [watchListening(webUrl, () => web.isListening)] : [];
    return new SocketWatch([...sockets, ...this.#ports, ...page], options);
  }

  async #listenOnPort(port: number): Promise<void> {
    const name = `127.0.0.1:${port}`;
    const address = { at: { port }, role: this.#config.clients.tcp_role, name };
    const listening = await namingFailures(name, () => this.#listener.listen(address));
    this.#ports.push(watchListening(name, () => listening.isOpen));
  }
}

/** A listener without a file: only an error of the system can end it. */
function watchListening(name: string, isListening: () => boolean): Watched {
  return { name, check: async () => (isListening() ? 'there' : new Error('no longer listening')) };
}
