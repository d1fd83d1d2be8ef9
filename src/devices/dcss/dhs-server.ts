/**
 * The side of DCSS: hardware servers connect here. `greeting → client type → messages`; both of the first have 200 bytes.
 * One connection of each name; a second one is refused, as DCSS does.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { listenOn } from '../../base/listen-near.js';
import { encodeFixed, encodeMessage, type Protocol, roomFor } from '../../codecs/dcss/frame.js';
import { FrameReader, READ_FAULTS, type ReadFault, type Received } from '../../codecs/dcss/frame-reader.js';
import { isName, tokensOf } from '../../codecs/dcss/text.js';

/** Why a connection has ended. */
export const DHS_ENDS = {
  left: 'it closed the connection',
  failed: 'the connection was lost',
  refusedPeer: 'its address is not allowed',
  tooMany: 'there are too many connections',
  noHandshake: 'it did not say its name in time',
  badHandshake: 'its first message is not htos_client_is_hardware NAME',
  unknownName: 'its name is not known',
  nameTaken: 'its name is connected already',
  slowReader: 'it does not read',
  tooFast: 'it sends too many messages',
  stopped: 'the server was stopped',
  ...READ_FAULTS,
} as const;

export type DhsEnd = keyof typeof DHS_ENDS;

export interface DhsServerOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  /** What is written; either is read. */
  readonly protocol: Protocol;
  readonly mayConnect: (remote: string | undefined) => boolean;
  readonly isKnown: (name: string) => boolean;
  /** The handshake is complete. */
  readonly onReady: (name: string) => void;
  readonly onText: (name: string, text: string) => void;
  /** `name`: undefined before the handshake. */
  readonly onEnd: (name: string | undefined, reason: DhsEnd) => void;
}

const HANDSHAKE_MS = 5000;
const KEEP_ALIVE_MS = 30_000;
const MAX_CONNECTIONS = 64;
const MAX_UNSENT = 4_194_304;
/** Messages of one connection in a second. */
const MAX_RATE = 5000;
const CLIENT_TYPE = 'htos_client_is_hardware';

export class DhsServer {
  readonly #options: DhsServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<DhsConnection>();
  readonly #byName = new Map<string, DhsConnection>();
  readonly #ended = new Counters<DhsEnd>(Object.keys(DHS_ENDS) as DhsEnd[]);
  #accepted = 0;
  #messages = 0;
  #notSent = 0;

  constructor(options: DhsServerOptions) {
    this.#options = options;
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
      (socket) => this.#accept(socket),
    );
  }

  counters() {
    return {
      accepted: this.#accepted,
      connected: this.#byName.size,
      messages: this.#messages,
      notSent: this.#notSent,
      ended: this.#ended.snapshot(),
    };
  }

  /** Resolves with the port; rejects with the system's error. */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    const bound = await listenOn(this.#server, { host, port });
    this.#server.on('error', () => {});
    return bound;
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.end('stopped');
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** False if it is not connected, or the text is too long for the protocol. */
  send(name: string, text: string): boolean {
    const connection = this.#byName.get(name);
    const isSent = connection !== undefined && text.length <= roomFor(this.#options.protocol);
    if (isSent) connection.write(encodeMessage(text, this.#options.protocol));
    else this.#notSent++;
    return isSent;
  }

  #accept(socket: Socket): void {
    this.#accepted++;
    const connection = new DhsConnection(socket, this.#options.clock, {
      onName: (name) => this.#admit(name, connection),
      onReady: (name) => this.#options.onReady(name),
      onText: (name, text) => {
        this.#messages++;
        this.#options.onText(name, text);
      },
      onEnd: (reason) => this.#onEnd(connection, reason),
    });
    this.#connections.add(connection);
    if (!this.#options.mayConnect(socket.remoteAddress)) connection.end('refusedPeer');
    else if (this.#connections.size > MAX_CONNECTIONS) connection.end('tooMany');
    else connection.greet();
  }

  #admit(name: string, connection: DhsConnection): DhsEnd | undefined {
    if (!this.#options.isKnown(name)) return 'unknownName';
    if (this.#byName.has(name)) return 'nameTaken';
    this.#byName.set(name, connection);
    return undefined;
  }

  #onEnd(connection: DhsConnection, reason: DhsEnd): void {
    this.#connections.delete(connection);
    this.#ended.add(reason);
    const { name } = connection;
    if (name !== undefined) this.#byName.delete(name);
    this.#options.onEnd(name, reason);
  }
}

interface DhsHandlers {
  /** Why it is refused; undefined if it is admitted. */
  onName(name: string): DhsEnd | undefined;
  onReady(name: string): void;
  onText(name: string, text: string): void;
  onEnd(reason: DhsEnd): void;
}

class DhsConnection {
  /** Once it is admitted. */
  name: string | undefined;
  readonly #socket: Socket;
  readonly #handlers: DhsHandlers;
  readonly #reader = new FrameReader({ protocol: 'auto', fixedFirst: 1, prefixes: ['htos_'] });
  readonly #cancelHandshake: CancelTimer;
  readonly #cancelRate: CancelTimer;
  #isOver = false;
  #inThisSecond = 0;

  constructor(socket: Socket, clock: Clock, handlers: DhsHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#cancelHandshake = clock.after(HANDSHAKE_MS, () => this.end('noHandshake'));
    this.#cancelRate = every(clock, 1000, () => {
      this.#inThisSecond = 0;
    });
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('end', () => this.end('left'));
    socket.on('error', () => this.end('failed'));
    socket.on('close', () => this.end('failed'));
  }

  greet(): void {
    this.write(encodeFixed('stoc_send_client_type'));
  }

  write(bytes: Buffer): void {
    if (this.#isOver) return;
    if (this.#socket.writableLength + bytes.length > MAX_UNSENT) this.end('slowReader');
    else this.#socket.write(bytes);
  }

  end(reason: DhsEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelHandshake();
    this.#cancelRate();
    this.#socket.destroy();
    this.#handlers.onEnd(reason);
  }

  #onData(chunk: Buffer): void {
    if (this.#isOver) return;
    for (const received of this.#reader.push(chunk)) {
      if (this.#isOver) return;
      this.#onReceived(received);
    }
  }

  #onReceived(received: Received): void {
    if ('fault' in received) this.end(received.fault satisfies ReadFault);
    else if (++this.#inThisSecond > MAX_RATE) this.end('tooFast');
    else if (this.name === undefined) this.#onFirst(received.text);
    else this.#handlers.onText(this.name, received.text);
  }

  #onFirst(text: string): void {
    const [type, name = ''] = tokensOf(text);
    if (type !== CLIENT_TYPE || !isName(name)) {
      this.end('badHandshake');
      return;
    }
    const refusal = this.#handlers.onName(name);
    if (refusal !== undefined) {
      this.end(refusal);
      return;
    }
    this.name = name;
    this.#cancelHandshake();
    this.#handlers.onReady(name);
  }
}
