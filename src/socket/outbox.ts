import type { Socket } from 'node:net';

/** The only way to push to a listening client: bounded. */
export class Outbox {
  readonly #socket: Socket;
  readonly #limit: number;

  /** `limit`: bytes that may wait for the client to read. */
  constructor(socket: Socket, limit: number) {
    this.#socket = socket;
    this.#limit = limit;
  }

  /** Hands bytes over in one write; false, and nothing is taken, when too many wait already. */
  push(bytes: Buffer): boolean {
    if (this.#socket.writableLength + bytes.length > this.#limit) return false;
    this.#socket.write(bytes);
    return true;
  }
}
