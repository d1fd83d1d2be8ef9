/**
 * Clients of the classic dialect as programs in the field are written: `node:net`, one send, no shutdown, 5 s of
 * patience. Nothing of the gateway's own code is used here.
 */
import { connect, type Socket } from 'node:net';

/** A Unix socket's path, a port of 127.0.0.1, or a port of any address. */
export type Where = string | number | { readonly host: string; readonly port: number };

/** How a client hands over its request. */
export type Delivery = 'whole' | 'byteByByte' | 'twoPieces' | 'withShutdown' | 'withTwoTrailingZeros';

const PATIENCE_MS = 5000;
const HANDSHAKE = Buffer.from('[syn]\0', 'latin1');
const HANDSHAKE_REPLY = Buffer.from('[ack]\0', 'latin1');

/** Connects; rejects when nobody accepts. */
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

/** Sends one request and gives what came until the gateway closed the connection. */
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

/** Asks until some node is active; rejects after `patienceMs`. */
export async function untilSomeNodeIsActive(where: Where, patienceMs = 30_000): Promise<void> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    if (((await ask(where, 'ACT-C'))[1] ?? 0) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no node is active after ${patienceMs} ms`);
}

/** All that comes until the other side closes; rejects when it does not within a client's patience. */
export function readAll(socket: Socket, patienceMs = PATIENCE_MS): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`not closed within ${patienceMs} ms; so far: ${Buffer.concat(chunks).toString('hex')}`),
      );
    }, patienceMs);
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

/** A client that listens: its handshake is done when `listenTo` resolves. */
export class ListeningClient {
  readonly socket: Socket;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#chunks.push(chunk);
      for (const check of [...this.#waiting]) check();
    });
  }

  /** All that came behind the handshake's answer. */
  get received(): Buffer {
    return this.#received;
  }

  /** The same, as it was read. */
  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  /** Resolves when at least so many bytes have come; rejects after a client's patience. */
  async has(length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (this.#received.length < length) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(this.#received);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`${this.#received.length} of ${length} bytes: ${this.#received.toString('hex')}`));
      }, PATIENCE_MS);
      this.#waiting.add(check);
      check();
    });
  }

  /** Takes out what came, or its first bytes: the next message is the first again. */
  forget(length = this.#received.length): void {
    this.#received = this.#received.subarray(length);
    this.#chunks = [];
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Connects a client that listens; rejects when the handshake is not answered with `[ack]` 00. */
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
