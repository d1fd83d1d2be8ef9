/**
 * The limits on plain HTTP connections: those that have sent no request or half of one, those that idle between two, and
 * those that are being answered. Websockets are not among them.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { WaitingRoom } from '../waiting-room.js';

/** For a request to be complete, its headers included; how often it is checked who takes longer. */
const REQUEST_TIMEOUT_MS = 10_000;
export const CHECK_EVERY_MS = 2000;
/** For a client to take more of an answer, or to ask again. */
const STALL_TIMEOUT_MS = 20_000;
/** Connections at once without a complete request: when the gateway restarts, hundreds of clients return in one moment. */
const MAX_SILENT = 512;
/** Connections at once that are being answered: a browser opens six for a page. */
const MAX_ANSWERED = 128;

export class RequestConnections {
  readonly #silent = new WaitingRoom<Socket>(MAX_SILENT, (oldest) => this.#cut(oldest));
  readonly #answered = new WaitingRoom<Socket>(MAX_ANSWERED, (oldest) => this.#cut(oldest));
  readonly #onCut: () => void;

  /** `onCut`: called for each connection that had to make room. */
  constructor(server: Server, onCut: () => void = () => {}) {
    this.#onCut = onCut;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.headersTimeout = REQUEST_TIMEOUT_MS;
    server.timeout = STALL_TIMEOUT_MS;
    server.on('connection', (socket: Socket) => this.#onConnection(socket));
    server.on('request', (request, response) => this.#onRequest(request, response));
    server.on('upgrade', (_request, socket) => this.#forget(socket as Socket));
  }

  #onConnection(socket: Socket): void {
    socket.once('close', () => this.#forget(socket));
    this.#silent.add(socket);
  }

  #onRequest({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#silent.delete(socket);
    this.#answered.add(socket);
    response.once('close', () => {
      this.#answered.delete(socket);
      if (!socket.destroyed) this.#silent.add(socket);
    });
  }

  #forget(socket: Socket): void {
    this.#silent.delete(socket);
    this.#answered.delete(socket);
  }

  #cut(socket: Socket): void {
    socket.destroy();
    this.#onCut();
  }
}
