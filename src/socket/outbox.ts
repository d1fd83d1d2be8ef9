import type { Socket } from 'node:net';

/** The only way to push to a client: bounded, and counted. */
export class Outbox {
  readonly #socket: Socket;
  readonly #limit: number;
  #pushed = 0;

  /** `limit`: bytes that may wait for the client to read. */
  constructor(socket: Socket, limit: number) {
    this.#socket = socket;
    this.#limit = limit;
  }

  /** Messages that were taken. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Bytes that wait for the client. */
  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Hands bytes over in one write; false, and nothing is taken, when too many wait already. */
  push(bytes: Buffer): boolean {
    if (this.waitingBytes + bytes.length > this.#limit) return false;
    this.#socket.write(bytes);
    this.#pushed++;
    return true;
  }
}
