/**
 * A client of the classic dialect: what existing programs speak. New programs are better served by `connect`.
 */
import { createConnection, type Socket } from 'node:net';
import { findSocket } from './client.js';
import { ClientError, RequestError } from './errors.js';

/** A message of a node: `address | opcode | payload`, as it came from the root. */
export interface ClassicMessage {
  readonly address: number;
  readonly opcode: number;
  readonly payload: Buffer;
}

export type ClassicHandler = (message: ClassicMessage) => void;

const SYN = '[syn]\0';
const ACK = Buffer.from('[ack]\0', 'latin1');
const SUCCESS = 0x53;
const REPLY_TIMEOUT_MS = 5000;
const HEADER_LENGTH = 3;

export class ClassicClient {
  readonly #path: string;
  readonly #handlers = new Map<number, ClassicHandler[]>();
  #listening: Socket | undefined;

  /** `path`: the gateway's Unix socket; the usual places unless given. */
  constructor(path?: string) {
    this.#path = findSocket(path);
  }

  /** Calls `handler` for each message with this opcode: 0x00–0xFF, or a character such as `R`. */
  on(opcode: number | string, handler: ClassicHandler): this {
    const code = typeof opcode === 'string' ? opcode.charCodeAt(0) : opcode;
    this.#handlers.set(code, [...(this.#handlers.get(code) ?? []), handler]);
    return this;
  }

  /** Listens until `close` or until the gateway ends it: then `onEnd` is called. Rejects with `NOT_RUNNING`. */
  listen(onEnd: () => void = () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ path: this.#path });
      this.#listening = socket;
      let isAccepted = false;
      socket.on('connect', () => socket.write(SYN));
      socket.on('data', (chunk) => {
        const messages = isAccepted ? chunk : chunk.subarray(ACK.length);
        if (!isAccepted) resolve();
        isAccepted = true;
        if (messages.length > 0) this.#onMessage(messages);
      });
      socket.on('error', () => {});
      socket.on('close', () => (isAccepted ? onEnd() : reject(new ClientError('NOT_RUNNING', this.#path))));
    });
  }

  /**
   * Gives one command, five characters, with its arguments. Resolves with what stands behind the `S` of the reply;
   * rejects with a `RequestError` whose message is the gateway's.
   */
  async command(name: string, args: Uint8Array | string = ''): Promise<Buffer> {
    const reply = await this.#ask(Buffer.concat([Buffer.from(name, 'latin1'), Buffer.from(args)]));
    if (reply[0] === SUCCESS) return reply.subarray(1);
    throw new RequestError('REFUSED', reply.toString('utf8', 2));
  }

  /** Sends a message to a node; `address` 0x0000 is the root. */
  async send(address: number, message: Uint8Array | string): Promise<void> {
    const to = Buffer.alloc(2);
    to.writeUInt16BE(address);
    await this.command('SEND-', Buffer.concat([to, Buffer.from(message)]));
  }

  close(): void {
    this.#listening?.destroy();
  }

  /** The dialect has no delimiter: the gateway writes each message on its own, and so it is mostly read. */
  #onMessage(body: Buffer): void {
    const opcode = body[HEADER_LENGTH - 1];
    if (opcode === undefined) return;
    const message = { address: body.readUInt16BE(0), opcode, payload: body.subarray(HEADER_LENGTH) };
    for (const handler of this.#handlers.get(opcode) ?? []) handler(message);
  }

  #ask(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const socket = createConnection({ path: this.#path }, () => socket.write(request));
      socket.setTimeout(REPLY_TIMEOUT_MS, () => socket.destroy());
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('error', () => {});
      socket.on('end', () => socket.end());
      socket.on('close', () =>
        chunks.length > 0
          ? resolve(Buffer.concat(chunks))
          : reject(new ClientError('NOT_RUNNING', this.#path)),
      );
    });
  }
}
