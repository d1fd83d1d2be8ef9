import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { SessionTransport } from '../../api/outgoing.js';

/** Frames on a websocket. */
export class WebTransport implements SessionTransport {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  #isCut = false;

  constructor(socket: WebSocket, tcp: Socket) {
    this.#socket = socket;
    this.#tcp = tcp;
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** A text in parts is one message in fragments: RFC 6455, section 5.4. */
  write(bytes: string | Buffer, onTaken?: () => void, isPart = false): void {
    if (this.#isCut || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(bytes, { binary: false, fin: !isPart }, () => onTaken?.());
  }

  /** Between the fragments of a message nothing may be sent but the close frame, which has the reason too. */
  cutShort(): void {
    this.#isCut = true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#tcp.destroyed) this.#socket.resume();
  }
}
