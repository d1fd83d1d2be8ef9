import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** Sits between a client and a gateway, and can break the connection. */
export class Relay {
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, gatewayPath: string) {
    this.path = path;
    this.#server = createServer((client) => {
      const gateway = createConnection(gatewayPath);
      for (const socket of [client, gateway]) this.#keep(socket);
      client.pipe(gateway).pipe(client);
      client.on('close', () => gateway.destroy());
      gateway.on('close', () => client.destroy());
    });
  }

  static async open(path: string, gatewayPath: string): Promise<Relay> {
    const relay = new Relay(path, gatewayPath);
    relay.#server.listen(path);
    await once(relay.#server, 'listening');
    return relay;
  }

  /** Breaks every connection; new ones are accepted. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
