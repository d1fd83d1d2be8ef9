/**
 * Limits on plain HTTP connections, in two groups: those without a complete request (new, incomplete or idle), and those
 * that are being answered. Websockets are excluded.
 *
 * A client that does not wait for the answer before its next request is disconnected: one packet can hold hundreds of
 * requests. Browsers and Prometheus wait.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { WaitingRoom } from '../waiting-room.js';

/** Time for a request to be complete, headers included, and the interval at which it is checked. */
const REQUEST_TIMEOUT_MS = 10_000;
export const CHECK_EVERY_MS = 2000;
/** Time for a client to read more of an answer, or to send the next request. */
const STALL_TIMEOUT_MS = 20_000;
/** Maximum connections without a complete request: after a restart, hundreds of clients reconnect at once. */
const MAX_SILENT = 512;
/** Maximum connections that are being answered: a browser opens six for a page. */
const MAX_ANSWERED = 128;

export class RequestConnections {
  readonly #silent = new WaitingRoom<Socket>(MAX_SILENT, (oldest) => this.#cut(oldest));
  readonly #answered = new WaitingRoom<Socket>(MAX_ANSWERED, (oldest) => this.#cut(oldest));
  readonly #onCut: () => void;

  /** `onCut`: called for each connection that is closed to make room. */
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
    if (socket.destroyed) return;
    if (this.#answered.has(socket)) {
      this.#cut(socket);
      return;
    }
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
