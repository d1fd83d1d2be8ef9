/** A DCSS of the tests: greets, registers, and records what the hardware server says. Its bytes are written by hand. */

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { Waiters } from './waiters.js';

export interface FakeDcssOptions {
  readonly protocol: 1 | 2;
  /** Messages that are sent after the handshake of each connection. */
  readonly registrations?: readonly string[];
  /** Bytes of each write; 0: in one. */
  readonly pieces?: number;
}

export class FakeDcss {
  readonly #options: FakeDcssOptions;
  readonly #server: Server;
  #socket: Socket | undefined;
  #input = Buffer.alloc(0);
  /** As text, in the order of arrival; of all connections. */
  readonly received: string[] = [];
  connections = 0;
  readonly #waiters = new Waiters(() => `\n${this.received.slice(-20).join('\n')}`);
  port = 0;

  private constructor(options: FakeDcssOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async listen(options: FakeDcssOptions): Promise<FakeDcss> {
    const dcss = new FakeDcss(options);
    await dcss.open();
    return dcss;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends the connection; the server keeps listening. */
  hangUp(): void {
    this.#socket?.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#waiters.end();
  }

  say(...texts: readonly string[]): void {
    this.write(Buffer.concat(texts.map((text) => this.frame(text))));
  }

  write(bytes: Buffer): void {
    const { pieces = 0 } = this.#options;
    const size = pieces > 0 ? pieces : bytes.length;
    for (let at = 0; at < bytes.length; at += size) this.#socket?.write(bytes.subarray(at, at + size));
  }

  frame(text: string): Buffer {
    if (this.#options.protocol === 1) return fixed(text);
    return Buffer.from(`${String(text.length + 1).padStart(12)} ${'0'.padStart(12)} ${text}\0`, 'latin1');
  }

  /** Resolves with the first message that matches, from the `after`th on. */
  heard(pattern: RegExp, after = 0): Promise<string> {
    return this.#waiters.until(() => this.received.slice(after).find((text) => pattern.test(text)) ?? null);
  }

  count(pattern: RegExp): number {
    return this.received.filter((text) => pattern.test(text)).length;
  }

  until<Found>(find: () => Found | null): Promise<Found> {
    return this.#waiters.until(find);
  }

  #accept(socket: Socket): void {
    this.#socket?.destroy();
    this.#socket = socket;
    this.#input = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#onData(socket, chunk));
    this.write(fixed('stoc_send_client_type'));
  }

  #onData(socket: Socket, chunk: Buffer): void {
    if (socket !== this.#socket) return;
    this.#input = Buffer.concat([this.#input, chunk]);
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      this.received.push(message);
      if (message.startsWith('htos_client_is_hardware')) this.#onHandshake();
    }
    this.#waiters.look();
  }

  #onHandshake(): void {
    this.connections++;
    const { registrations = [] } = this.#options;
    if (registrations.length > 0) this.say(...registrations);
  }

  #next(): string | undefined {
    const isFixed = this.#options.protocol === 1 || this.#input.subarray(0, 5).toString() === 'htos_';
    const header = isFixed ? 0 : 26;
    const size = isFixed ? 200 : Number(this.#input.toString('latin1', 0, 12));
    if (this.#input.length < header + (this.#input.length < header ? 1 : size)) return undefined;
    const text = this.#input.toString('latin1', header, header + size);
    this.#input = this.#input.subarray(header + size);
    return text.split('\0')[0] ?? '';
  }
}

export function fixed(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(200 - text.length)]);
}
