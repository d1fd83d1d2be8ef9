/**
 * Clients of the classic dialect, like programs in the field: `node:net`, one send, no shutdown. None of the gateway's own
 * code is used here.
 */
import { connect, type Socket } from 'node:net';
import { PATIENCE_MS, Waiters } from './waiters.js';

/** A Unix socket's path, a port of 127.0.0.1, or a port of any address. */
export type Where = string | number | { readonly host: string; readonly port: number };

/** How a client sends its request. */
export type Delivery = 'whole' | 'byteByByte' | 'twoPieces' | 'withShutdown' | 'withTwoTrailingZeros';

const HANDSHAKE = Buffer.from('[syn]\0', 'latin1');
const HANDSHAKE_REPLY = Buffer.from('[ack]\0', 'latin1');

/** Connects; rejects when nothing accepts. */
export async function connectTo(where: Where): Promise<Socket> {
  const socket =
    typeof where === 'string'
      ? connect(where)
      : connect(typeof where === 'number' ? { host: '127.0.0.1', port: where } : where);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return socket;
}

/** Sends one request and returns the bytes received until the gateway closed the connection. */
export async function ask(
  where: Where,
  request: Uint8Array | string,
  delivery: Delivery = 'whole',
): Promise<Buffer> {
  const socket = await connectTo(where);
  const reply = readAll(socket);
  await hand(socket, Buffer.from(request), delivery);
  return reply;
}

/** All bytes received until the other side closes. */
export function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`not closed; so far: ${Buffer.concat(chunks).toString('hex').slice(0, 2000)}`));
    }, PATIENCE_MS);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
  });
}

async function hand(socket: Socket, request: Buffer, delivery: Delivery): Promise<void> {
  switch (delivery) {
    case 'whole':
      return void socket.write(request);
    case 'withShutdown':
      return void socket.end(request);
    case 'withTwoTrailingZeros':
      return void socket.write(Buffer.concat([request, Buffer.alloc(2)]));
    case 'twoPieces': {
      const middle = Math.ceil(request.length / 2);
      return sendPieces(socket, [request.subarray(0, middle), request.subarray(middle)]);
    }
    case 'byteByByte':
      return sendPieces(
        socket,
        Array.from(request, (byte) => Buffer.of(byte)),
      );
  }
}

/** Each piece is on its way, and has had a chance to be read, before the next one is sent. */
export async function sendPieces(socket: Socket, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed || !socket.writable) return;
    await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A listening client: its handshake is done when `listenTo` resolves. */
export class ListeningClient {
  readonly socket: Socket;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  readonly #waiters = new Waiters(() => `${this.#received.length} bytes, ${this.#received.toString('hex')}`);

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#chunks.push(chunk);
      this.#waiters.look();
    });
  }

  /** All bytes after the handshake's answer. */
  get received(): Buffer {
    return this.#received;
  }

  /** The same, in the chunks that were read. */
  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  /** Resolves when at least this many bytes have arrived. */
  has(length: number): Promise<Buffer> {
    return this.#waiters.until(() => this.#received.length >= length && this.#received);
  }

  /** Resolves when the received bytes end with these. */
  endsWith(end: Buffer): Promise<Buffer> {
    return this.#waiters.until(() => this.#received.subarray(-end.length).equals(end) && this.#received);
  }

  /** Removes what was received, or its first bytes: the next message is the first again. */
  forget(length = this.#received.length): void {
    this.#received = this.#received.subarray(length);
    this.#chunks = [];
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Connects a listening client; rejects when the handshake is not answered with `[ack]` 00. */
export async function listenTo(where: Where): Promise<ListeningClient> {
  const client = new ListeningClient(await connectTo(where));
  client.socket.write(HANDSHAKE);
  const answer = await client.has(HANDSHAKE_REPLY.length);
  if (!answer.subarray(0, HANDSHAKE_REPLY.length).equals(HANDSHAKE_REPLY)) {
    throw new Error(`handshake answered ${answer.toString('hex')}`);
  }
  client.forget(HANDSHAKE_REPLY.length);
  return client;
}
