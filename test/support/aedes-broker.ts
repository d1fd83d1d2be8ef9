import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';

/** A broker of MQTT 3.1.1 in this process, on a port of its own that it keeps across restarts. */
export class AedesBroker {
  #broker: Aedes;
  #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;

  private constructor(broker: Aedes) {
    this.#broker = broker;
    this.#server = this.#serve();
  }

  static async start(): Promise<AedesBroker> {
    const broker = new AedesBroker(await Aedes.createBroker());
    await broker.#listen();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Breaks every connection, and refuses new ones. */
  async vanish(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
    await new Promise<void>((resolve) => this.#broker.close(resolve));
  }

  /** A new broker without state, on the same port. */
  async comeBack(): Promise<void> {
    this.#broker = await Aedes.createBroker();
    this.#server = this.#serve();
    await this.#listen();
  }

  #serve(): Server {
    return createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#broker.handle(socket);
    });
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (typeof address === 'object' && address) this.port = address.port;
  }
}
