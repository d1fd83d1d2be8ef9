import { createConnection, type Socket } from 'node:net';
import { connectError } from './errors.js';
import type { Channel, ChannelHandlers, Transport } from './transport.js';

/** A gateway on the same machine accepts at once. */
const CONNECT_TIMEOUT_MS = 5000;

/** A Unix socket with one text per line. */
export class LineSocket implements Channel {
  readonly #socket: Socket;
  /** Pieces of the current line: a reply can have megabytes. */
  #pieces: string[] = [];

  private constructor(socket: Socket, handlers: ChannelHandlers) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#onText(text, handlers));
    socket.on('error', () => {});
    socket.on('close', () => handlers.onClosed());
  }

  /** Rejects with `NOT_RUNNING` or `NO_PERMISSION`. */
  static open(path: string, handlers: ChannelHandlers): Promise<LineSocket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ path });
      const refuse = (error: Error) => {
        socket.destroy();
        reject(connectError(error, path));
      };
      socket.setTimeout(CONNECT_TIMEOUT_MS, () => refuse(new Error('too slow')));
      socket.once('error', refuse);
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.off('error', refuse);
        resolve(new LineSocket(socket, handlers));
      });
    });
  }

  write(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #onText(text: string, { onLine }: ChannelHandlers): void {
    const [end = '', ...lines] = text.split('\n');
    this.#pieces.push(end);
    for (const next of lines) {
      const line = this.#pieces.join('');
      this.#pieces = [next];
      onLine(line);
    }
  }
}

/** The gateway's Unix socket on this machine. */
export function unixTransport(path: string): Transport {
  return { name: path, open: (handlers) => LineSocket.open(path, handlers) };
}
