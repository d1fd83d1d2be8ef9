/** A session on a stream socket: one JSON text a line. */
import type { Socket } from 'node:net';
import type { Share } from '../api/byte-budget.js';
import { ClientSession, type ClientSessionOptions } from '../api/client-session.js';
import { SessionError } from '../api/errors.js';
import type { SessionTransport } from '../api/outgoing.js';
import { errorReply } from '../api/session.js';
import { LineBuffer } from './line-buffer.js';

/** Bytes of the longest line. */
export const MAX_LINE_LENGTH = 1_048_576;

export type LineSessionParts = Omit<ClientSessionOptions, 'transport' | 'onQueued'>;

export class LineSession {
  readonly #session: ClientSession;
  /** Of what all have sent and is not carried out. */
  readonly #share: Share;
  readonly #lines = new LineBuffer((line) => this.#takeLine(line));

  constructor(socket: Socket, parts: LineSessionParts) {
    this.#session = new ClientSession({
      ...parts,
      transport: new SocketTransport(socket),
      onQueued: () => this.#share.update(),
    });
    this.#share = parts.shared.unfinished.open(
      parts.role,
      () => this.#lines.length + this.#session.queuedBytes,
      () => this.#session.closing('TOO_MUCH_UNFINISHED'),
    );
  }

  /** Takes bytes of the client, however they are split. */
  push(chunk: Buffer): void {
    this.#lines.push(chunk);
    this.#share.update(chunk.length);
    if (this.#lines.length > MAX_LINE_LENGTH) this.#refuseLine();
  }

  /** Bytes that the client has not taken yet. */
  get waitingBytes(): number {
    return this.#session.waitingBytes;
  }

  /** Answers what was asked, then reports that the gateway stops, and ends the session. */
  async stop(): Promise<void> {
    await this.#session.whenIdle();
    this.stopNow();
  }

  /** The same without waiting for replies. */
  stopNow(): void {
    this.#session.closing('STOPPED');
  }

  /** The client will say no more. Resolves when every request has its reply. */
  whenIdle(): Promise<void> {
    this.#lines.finish();
    return this.#session.whenIdle();
  }

  close(): void {
    this.#share.close();
    this.#session.close();
  }

  #takeLine(line: Buffer): void {
    if (line.length > MAX_LINE_LENGTH) {
      this.#refuseLine();
      return;
    }
    const text = line.toString('utf8').trim();
    if (text !== '') this.#session.receive(text);
  }

  #refuseLine(): void {
    this.#session.closing('LINE_TOO_LONG', errorReply(null, new SessionError('LINE_TOO_LONG')));
  }
}

/** Lines on a socket; what is sent within one turn of the event loop goes out in one write. */
class SocketTransport implements SessionTransport {
  readonly #socket: Socket;
  #isCorked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: string | Buffer, onTaken?: () => void, isPart = false): void {
    if (this.#socket.destroyed) return;
    this.#cork();
    const taken = onTaken && (() => onTaken());
    if (typeof bytes === 'string') this.#socket.write(`${bytes}\n`, taken);
    else if (isPart) this.#socket.write(bytes, taken);
    else {
      this.#socket.write(bytes);
      this.#socket.write('\n', taken);
    }
  }

  cutShort(): void {
    if (!this.#socket.destroyed) this.#socket.write('\n');
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }
}
