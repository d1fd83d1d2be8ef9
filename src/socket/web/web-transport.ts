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

  /** A text in parts is sent as a fragmented message: RFC 6455, section 5.4. */
  write(bytes: string | Buffer, onWritten?: () => void, isPart = false): void {
    if (this.#isCut || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(bytes, { binary: false, fin: !isPart }, () => onWritten?.());
  }

  /** Within a fragmented message only a close frame can be sent; it carries the reason too. */
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
