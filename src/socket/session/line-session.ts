/** A session on a stream socket: one JSON text a line. */
import type { Socket } from 'node:net';
import type { SharedRoom } from '../shared-room.js';
import { ClientSession, type ClientSessionParts, type SessionTransport } from './client-session.js';
import { SessionError } from './errors.js';
import { LineBuffer } from './line-buffer.js';
import { errorReply } from './session.js';

/** Bytes of the longest line. */
export const MAX_LINE_LENGTH = 1_048_576;

export interface LineSessionParts extends Omit<ClientSessionParts, 'transport'> {
  /** What the unfinished lines of all sessions share. */
  readonly lineRoom: SharedRoom;
}

export class LineSession {
  readonly #session: ClientSession;
  readonly #room: SharedRoom;
  #held = 0;
  readonly #lines = new LineBuffer((line) => this.#takeLine(line));

  constructor(socket: Socket, parts: LineSessionParts) {
    this.#room = parts.lineRoom;
    this.#session = new ClientSession({ ...parts, transport: new SocketTransport(socket) });
  }

  /** Takes bytes of the client, however they are split. */
  push(chunk: Buffer): void {
    this.#lines.push(chunk);
    this.#hold(this.#lines.length);
    if (this.#held > MAX_LINE_LENGTH || (this.#held > 0 && this.#room.isOver)) this.#refuseLine();
  }

  #hold(bytes: number): void {
    this.#room.change(this.#held, bytes);
    this.#held = bytes;
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
    this.#hold(0);
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

  write(text: string, onTaken?: () => void): void {
    if (this.#socket.destroyed) return;
    this.#cork();
    this.#socket.write(`${text}\n`, onTaken && (() => onTaken()));
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
