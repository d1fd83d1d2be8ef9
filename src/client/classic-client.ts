/**
 * A client of the classic dialect, for existing programs. New programs should use `connect`.
 */
import { createConnection, type Socket } from 'node:net';
import { findSocket } from './client.js';
import { connectError, RequestError } from './errors.js';

/** A message from a node, as forwarded by the root: `address | opcode | payload`. */
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

  /** `path`: the gateway's Unix socket; default: the usual locations. */
  constructor(path?: string) {
    this.#path = findSocket(path);
  }

  /** Calls `handler` for each message with this opcode: 0x00–0xFF, or a character such as `R`. */
  on(opcode: number | string, handler: ClassicHandler): this {
    const code = typeof opcode === 'string' ? opcode.charCodeAt(0) : opcode;
    this.#handlers.set(code, [...(this.#handlers.get(code) ?? []), handler]);
    return this;
  }

  /**
   * Listens until `close` is called or the gateway closes the connection, then calls `onEnd`. Rejects with `NOT_RUNNING`
   * or `NO_PERMISSION`, or with a `RequestError` if the gateway refuses.
   */
  listen(onEnd: () => void = () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ path: this.#path }, () => socket.write(SYN));
      this.#listening = socket;
      let answer: Buffer | undefined = Buffer.alloc(0);
      let error: Error | undefined;
      socket.on('data', (chunk) => {
        const rest = answer ? Buffer.concat([answer, chunk]) : chunk;
        if (answer && !rest.subarray(0, ACK.length).equals(ACK)) {
          answer = rest;
          return;
        }
        const messages = answer ? rest.subarray(ACK.length) : rest;
        answer = undefined;
        resolve();
        if (messages.length > 0) this.#onMessage(messages);
      });
      socket.on('error', (failure) => {
        error = failure;
      });
      socket.on('close', () => (answer ? reject(this.#refusal(answer, error)) : onEnd()));
    });
  }

  /**
   * Sends a command (five characters) with its arguments. Resolves with the reply after its `S`; rejects with a
   * `RequestError` that has the gateway's message.
   */
  async command(name: string, args: Uint8Array | string = ''): Promise<Buffer> {
    const reply = await this.#request(Buffer.concat([Buffer.from(name, 'latin1'), Buffer.from(args)]));
    return reply.subarray(1);
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

  /** The dialect has no delimiter: the gateway writes each message separately, so each read is usually one message. */
  #onMessage(body: Buffer): void {
    const opcode = body[HEADER_LENGTH - 1];
    if (opcode === undefined) return;
    const message = { address: body.readUInt16BE(0), opcode, payload: body.subarray(HEADER_LENGTH) };
    for (const handler of this.#handlers.get(opcode) ?? []) handler(message);
  }

  /** Closes the writing side after the request, which marks its end however the gateway reads it. */
  #request(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let error: Error | undefined;
      const socket = createConnection({ path: this.#path }, () => socket.end(request));
      socket.setTimeout(REPLY_TIMEOUT_MS, () => socket.destroy());
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('error', (failure) => {
        error = failure;
      });
      socket.on('close', () => {
        const reply = Buffer.concat(chunks);
        if (reply[0] === SUCCESS) resolve(reply);
        else reject(this.#refusal(reply, error));
      });
    });
  }

  /** `reply`: `F | length (1) | message`, or nothing. */
  #refusal(reply: Buffer, error: Error | undefined): Error {
    if (reply.length > 0) return new RequestError('REFUSED', reply.toString('utf8', 2));
    return connectError(error, this.#path);
  }
}
