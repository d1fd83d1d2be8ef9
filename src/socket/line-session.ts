/**
 * A session on a stream socket: one JSON text per line, the first of which begins with `{`.
 */
import type { Socket } from 'node:net';
import type { Share } from '../api/byte-budget.js';
import { ClientSession } from '../api/client-session.js';
import { CLOSING_REASONS, type ClosingReason, MAX_REQUEST_LENGTH, SessionError } from '../api/errors.js';
import type { GatewayFacts } from '../api/method.js';
import type { SessionTransport } from '../api/outgoing.js';
import { errorReply, refusalOf } from '../api/session.js';
import { notification } from '../api/subscription.js';
import type { Hub } from '../hub/hub.js';
import type { Connection, Dialect, DialectType } from './connection.js';
import type { ConnectionEndReason } from './end-reasons.js';
import { LineBuffer } from './line-buffer.js';

export interface LineSessionOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
}

const OPENING_BRACE = '{'.charCodeAt(0);

const END_REASONS: Readonly<Record<ClosingReason, ConnectionEndReason>> = {
  SLOW_READER: 'slowReader',
  LINE_TOO_LONG: 'lineTooLong',
  TOO_MUCH_UNREAD: 'tooMuchUnread',
  TOO_MUCH_UNFINISHED: 'tooMuchUnfinished',
  TOO_MANY_CLIENTS: 'tooMany',
  STOPPED: 'stopped',
};

export function lineSessionDialect(options: LineSessionOptions): DialectType {
  return {
    isSpokenBy: (firstByte) => firstByte === OPENING_BRACE,
    open: (connection) => new LineSession(connection, options),
    refusal: tooManyClients,
  };
}

class LineSession implements Dialect {
  readonly #connection: Connection;
  readonly #session: ClientSession;
  /** This client's share of the unprocessed input of all clients. */
  readonly #share: Share;
  readonly #lines = new LineBuffer((line) => this.#takeLine(line));

  constructor(connection: Connection, options: LineSessionOptions) {
    const { name, socket, output } = connection;
    const { clock, log, observer, role, via, shared, settings } = connection.options;
    connection.decide('session');
    this.#connection = connection;
    this.#session = new ClientSession({
      ...options,
      ...{ name, tally: output.tally, clock, log, observer, role, via, shared },
      outboxLimit: settings.outboxLimit,
      transport: new SocketTransport(socket),
      onQueued: () => this.#share.update(),
      onClosing: (reason) => connection.finish(END_REASONS[reason]),
    });
    this.#share = shared.unfinished.open(
      role,
      () => this.#lines.length + this.#session.queuedBytes,
      () => this.#session.closing('TOO_MUCH_UNFINISHED'),
    );
  }

  onBytes(chunk: Buffer): void {
    this.#lines.push(chunk);
    this.#share.update(chunk.length);
    if (this.#lines.length > MAX_REQUEST_LENGTH) this.#refuseLine();
  }

  get waitingBytes(): number {
    return this.#session.waitingBytes;
  }

  /** Pending requests are still answered. An incomplete last line counts as a line. */
  onClientEnd(): void {
    this.#lines.finish();
    void this.#session.whenIdle().then(() => {
      if (!this.#connection.isOpen) return;
      this.#share.close();
      this.#session.finish();
      this.#connection.finish('clientLeft');
    });
  }

  /** The kind of the client is already known from its first byte. */
  onTimeout(): void {}

  refuse(): void {
    this.#session.closing('TOO_MANY_CLIENTS');
  }

  stop(): void {
    void this.#session.whenIdle().then(() => this.stopNow());
  }

  stopNow(): void {
    this.#session.closing('STOPPED');
  }

  close(): void {
    this.#share.close();
    this.#session.close();
  }

  #takeLine(line: Buffer): void {
    if (line.length > MAX_REQUEST_LENGTH) {
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

/** The error reply to the client's first request, and a `closing` notification. */
function tooManyClients(firstBytes: Buffer): Buffer {
  const reason = 'TOO_MANY_CLIENTS';
  const [line = ''] = firstBytes.toString('utf8').split('\n');
  const closing = notification('closing', { reason, text: CLOSING_REASONS[reason] });
  return Buffer.from(`${refusalOf(line, new SessionError(reason))}\n${closing}\n`);
}

/** Lines on a socket; everything sent within one turn of the event loop goes out in one write. */
class SocketTransport implements SessionTransport {
  readonly #socket: Socket;
  #isCorked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: string | Buffer, onWritten?: () => void, isPart = false): void {
    if (this.#socket.destroyed) return;
    this.#cork();
    if (typeof bytes === 'string') this.#socket.write(`${bytes}\n`, onWritten);
    else if (isPart) this.#socket.write(bytes, onWritten);
    else {
      this.#socket.write(bytes);
      this.#socket.write('\n', onWritten);
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
