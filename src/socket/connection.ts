/**
 * One client's connection: its first bytes say what it is.
 *
 *     [syn] 00             listening: answered [ack] 00, then gets each forwarded message as its bare body
 *     a command            sending: one command, one reply, then the gateway closes
 *     {                    a JSON-RPC session
 *     anything else        answered F…, closed
 *
 * `#end` is the only way out, from any state, with one of the reasons below.
 */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditOrigin } from '../api/audit.js';
import type { Share } from '../api/byte-budget.js';
import type { ClientTap } from '../api/client-observer.js';
import { ClientTally } from '../api/client-tally.js';
import { CLOSING_REASONS, type ClosingReason, SessionError } from '../api/errors.js';
import type { GatewayFacts } from '../api/method.js';
import { mayDo, type Role } from '../api/role.js';
import { refusalOf } from '../api/session.js';
import type { ClientInfo } from '../api/shapes.js';
import type { SharedLimits } from '../api/shared-limits.js';
import { notification } from '../api/subscription.js';
import type { CancelTimer, Clock } from '../base/clock.js';
import { errorStack, errorText } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Lane, Work } from '../base/turns.js';
import type { Hub } from '../hub/hub.js';
import { answerRequest, roleForCommand } from './classic/commands.js';
import { failure, outcomeOf, type Reply } from './classic/reply.js';
import { type ClassicRequest, examineRequest } from './classic/request.js';
import { LineSession } from './line-session.js';
import { Outbox } from './outbox.js';

export const CONNECTION_END_REASONS = {
  answered: 'its command was answered',
  refused: 'what it sent was no legal request',
  forbidden: 'its role does not allow what it asked for',
  timedOut: 'it did not finish its request in time',
  tooMany: 'too many clients were connected',
  clientLeft: 'the client closed it',
  slowReader: 'the client did not read what was sent to it',
  tooMuchUnread: 'clients of its role left too much unread, and it had read nothing of the most',
  lineTooLong: 'it sent a line that is too long',
  tooMuchUnfinished: 'clients of its role sent too much without an end, and it had held most for longest',
  failed: 'the connection failed',
  stopped: 'the gateway was stopped',
} as const;

export type ConnectionEndReason = keyof typeof CONNECTION_END_REASONS;

export interface ConnectionSettings {
  /** Bytes of the longest request. */
  readonly maxRequestLength: number;
  /** ms for a request to become complete. */
  readonly requestTimeoutMs: number;
  /** ms without a byte after which a request of varying length is over. */
  readonly settleMs: number;
  /** Bytes that may wait for a client that does not read. */
  readonly outboxLimit: number;
}

export interface ConnectionParts {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: ConnectionSettings;
  readonly gateway: GatewayFacts;
  readonly tap?: ClientTap | undefined;
  /** What the client may do. */
  readonly role: Role;
  /** The socket that it came by. */
  readonly via: string;
  /** What clients of all sockets share. */
  readonly shared: SharedLimits;
  /** Called once, when it is over. */
  readonly onEnd: (connection: Connection, reason: ConnectionEndReason) => void;
}

type Awaiting = 'firstBytes' | 'result' | 'events' | 'requests' | 'clientToClose' | 'nothing';

const SESSION_START = '{'.charCodeAt(0);

const SYN = Buffer.from('[syn]\0', 'latin1');
const ACK = Buffer.from('[ack]\0', 'latin1');
/** Bytes of a reply that are written together: as much as clients are known to read at once. */
const REPLY_WRITE_LENGTH = 65_536;
/** A client has this long to take its reply. */
const REPLY_TIMEOUT_MS = 10_000;
/** A client for which there is no room has this long to say in which dialect it wants to be told. */
const REFUSAL_WAIT_MS = 1000;
/**
 * Then it has this long to close its side. Closing at once would reset the connection where bytes of the client are
 * still unread, and it could lose the reply.
 */
const LINGER_MS = 1000;

const CLOSING_END_REASONS: Readonly<Record<ClosingReason, ConnectionEndReason>> = {
  SLOW_READER: 'slowReader',
  LINE_TOO_LONG: 'lineTooLong',
  TOO_MUCH_UNREAD: 'tooMuchUnread',
  TOO_MUCH_UNFINISHED: 'tooMuchUnfinished',
  TOO_MANY_CLIENTS: 'tooMany',
  STOPPED: 'stopped',
};

export class Connection {
  readonly name: string;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #parts: ConnectionParts;
  readonly #lane: Lane;
  /** Of what all have not read: messages and replies of the classic dialect. */
  readonly #share: Share;
  readonly #tally = new ClientTally();
  readonly #connectedAt: number;
  #kind: ClientInfo['kind'] = 'new';
  #awaiting: Awaiting = 'firstBytes';
  #received = Buffer.alloc(0);
  #cancelTimeout: CancelTimer = () => {};
  #cancelSettle: CancelTimer = () => {};
  #unsubscribe: () => void = () => {};
  #session: LineSession | undefined;
  #isRefused = false;

  /** `name` tells connections apart, in logs and where clients take turns. */
  constructor(name: string, socket: Socket, parts: ConnectionParts) {
    this.name = name;
    this.#socket = socket;
    this.#outbox = new Outbox(socket, parts.settings.outboxLimit, parts.clock);
    this.#parts = parts;
    this.#lane = parts.shared.turns.lane(() => !this.#share.isUsedUp);
    this.#share = parts.shared.unread.open(
      parts.role,
      () => (this.#session ? 0 : this.#outbox.waitingBytes),
      () => this.#end('tooMuchUnread'),
    );
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('end', () => this.#onClientEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#end('clientLeft'));
    const { clock, settings } = parts;
    this.#connectedAt = clock.now();
    this.#cancelTimeout = clock.after(settings.requestTimeoutMs, () => this.#onTimeout());
  }

  get isListening(): boolean {
    return this.#awaiting === 'events';
  }

  get hasSession(): boolean {
    return this.#awaiting === 'requests';
  }

  describe(): ClientInfo {
    const { messages, dropped, coalesced } = this.#tally;
    return {
      name: this.name,
      kind: this.#kind,
      role: this.role,
      connectedAt: this.#connectedAt,
      queuedBytes: this.#session?.waitingBytes ?? this.#outbox.waitingBytes,
      sent: { messages, bytes: this.#socket.bytesWritten },
      dropped,
      coalesced,
    };
  }

  get role(): Role {
    return this.#parts.role;
  }

  /** There was no room for it. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Refuses the client for want of room, in its own dialect. */
  refuse(): void {
    this.#isRefused = true;
    this.#cancelTimeout();
    this.#cancelTimeout = this.#parts.clock.after(REFUSAL_WAIT_MS, () =>
      this.#reply(failure('Too Many Clients'), 'tooMany'),
    );
  }

  /** It has not said yet what it wants. */
  get isUndecided(): boolean {
    return this.#awaiting === 'firstBytes';
  }

  /** Refuses a client that is undecided, since another wants to come. */
  makeRoom(): void {
    this.#isRefused = true;
    this.#reply(failure('Too Many Clients'), 'tooMany');
  }

  /** Ends the connection at once, whatever is still unsent. */
  cut(reason: 'stopped' | 'tooMany' = 'stopped'): void {
    this.#end(reason);
  }

  /**
   * The gateway stops. What the client has asked is answered first, also what is still on its way into the process: to
   * close with bytes unread would reset the connection. Until `stopNow` at the latest.
   */
  stop(): void {
    if (this.#awaiting === 'events') {
      this.#outbox.flush();
      this.#finish('stopped');
    } else void nextTurns().then(() => this.#session?.stop());
  }

  /** Ends the connection in order, without waiting for a request or a reply. */
  stopNow(): void {
    if (this.#session && this.#awaiting === 'requests') this.#session.stopNow();
    else if (this.#awaiting !== 'clientToClose') this.#finish('stopped');
  }

  #onData(chunk: Buffer): void {
    if (this.#awaiting === 'requests') this.#session?.push(chunk);
    if (this.#awaiting !== 'firstBytes') return;
    if (this.#isRefused) this.#reply(tooManyClients(chunk), 'tooMany');
    else if (this.#received.length === 0 && chunk[0] === SESSION_START) this.#openSession(chunk);
    else this.#takeRequest(chunk);
  }

  #takeRequest(chunk: Buffer): void {
    const room = this.#parts.settings.maxRequestLength + 1 - this.#received.length;
    this.#received = Buffer.concat([this.#received, chunk.subarray(0, room)]);
    this.#cancelSettle();
    this.#examine(false);
  }

  #onClientEnd(): void {
    if (this.#awaiting === 'firstBytes' && this.#received.length > 0) this.#examine(true);
    else if (this.#awaiting === 'firstBytes' || this.#awaiting === 'events') this.#end('clientLeft');
    else if (this.#awaiting === 'requests') void this.#finishSession();
  }

  #onTimeout(): void {
    if (this.#awaiting === 'firstBytes') this.#examine(true);
  }

  /** `isOver`: nothing more will come, or is waited for. */
  #examine(isOver: boolean): void {
    if (this.#isHandshake()) this.#onHandshake(isOver);
    else this.#examineRequest(isOver);
  }

  #examineRequest(isOver: boolean): void {
    const { hub, settings } = this.#parts;
    const examined = examineRequest(this.#received, hub.tables, settings.maxRequestLength);
    if (examined.kind === 'complete') this.#answerInTurn(examined.request);
    else if (examined.kind === 'refused') this.#reply(failure(examined.failure), 'refused');
    else if (isOver) this.#onOver(examined);
    else if (examined.kind === 'mayGoOn') this.#settleThenExamine();
  }

  #onOver(examined: Extract<ReturnType<typeof examineRequest>, { kind: 'mayGoOn' | 'tooShort' }>): void {
    if (examined.kind === 'mayGoOn') this.#answerInTurn(examined.request);
    else this.#reply(failure(examined.failure), 'timedOut');
  }

  /**
   * The pass through the event loop after the settle time reads what had come while the process was busy: time in
   * which nobody looked is not silence.
   */
  #settleThenExamine(): void {
    const length = this.#received.length;
    this.#cancelSettle = this.#parts.clock.after(this.#parts.settings.settleMs, () =>
      setImmediate(() => {
        if (this.#awaiting === 'firstBytes' && this.#received.length === length) this.#examine(true);
      }),
    );
  }

  #isHandshake(): boolean {
    const start = this.#received.subarray(0, SYN.length);
    return start.length > SYN.length - 2 && start.equals(SYN.subarray(0, start.length));
  }

  #onHandshake(isOver: boolean): void {
    if (this.#received.length >= SYN.length) this.#listen();
    else if (isOver) this.#reply(failure('Handshake Too Short'), 'timedOut');
  }

  #listen(): void {
    this.#awaiting = 'events';
    this.#kind = 'listening';
    this.#forgetRequest();
    this.#parts.tap?.answered(ACK);
    this.#push(ACK);
    this.#unsubscribe = this.#parts.hub.feed.subscribe((event) => {
      if (event.kind === 'message' && event.toListeners) this.#push(event.message.body);
    });
  }

  #openSession(firstBytes: Buffer): void {
    this.#awaiting = 'requests';
    this.#kind = 'session';
    this.#forgetRequest();
    this.#session = new LineSession(this.#socket, {
      ...this.#parts,
      name: this.name,
      tally: this.#tally,
      outboxLimit: this.#parts.settings.outboxLimit,
      onClosing: (reason) => this.#finish(CLOSING_END_REASONS[reason]),
    });
    this.#session.push(firstBytes);
  }

  /** The client has said all that it wants to say: it still gets the replies that it waits for. */
  async #finishSession(): Promise<void> {
    await this.#session?.whenIdle();
    if (this.#awaiting !== 'requests') return;
    this.#session?.close();
    this.#finish('clientLeft');
  }

  /** A client that leaves too much unread is closed: a silent hole would be worse. */
  #push(body: Buffer): void {
    if (this.#outbox.push(body)) {
      this.#tally.messages++;
      this.#share.update(body.length);
      return;
    }
    this.#tally.dropped++;
    this.#end('slowReader');
  }

  #answerInTurn(request: ClassicRequest): void {
    this.#awaiting = 'result';
    this.#kind = 'sending';
    this.#forgetRequest();
    this.#lane.add(this.#answerWork(request));
  }

  *#answerWork(request: ClassicRequest): Work {
    if (this.#share.isUsedUp) yield 'long';
    void this.#answer(request);
  }

  async #answer(request: ClassicRequest): Promise<void> {
    const needed = roleForCommand(request.spec.name);
    if (!mayDo(this.role, needed)) return this.#forbid(request);
    const reply = await this.#carryOut(request, needed);
    if (Buffer.isBuffer(reply)) this.#reply(reply, 'answered');
    else this.#lane.add(this.#replyInPieces(request, inFewWrites(reply)));
  }

  #forbid({ spec }: ClassicRequest): void {
    this.#parts.gateway.audit.forbid(this.#origin, spec.name);
    this.#reply(failure('Not Permitted'), 'forbidden');
  }

  get #origin(): AuditOrigin {
    return { client: this.name, via: this.#parts.via, role: this.role };
  }

  /** Our own mistake costs this client its answer, and is seen in the log; the others do not notice. */
  async #carryOut(request: ClassicRequest, needed: Role): Promise<Reply> {
    const { hub, gateway } = this.#parts;
    try {
      const reply = await answerRequest(request, hub, this.name);
      if (needed === 'admin' && Buffer.isBuffer(reply)) {
        gateway.audit.record(this.#origin, request.spec.name, outcomeOf(reply));
      }
      return reply;
    } catch (error) {
      this.#parts.log.error('internal error', `${request.spec.name}: ${errorStack(error)}`);
      return failure('Internal Error');
    }
  }

  #reply(reply: Buffer, reason: ConnectionEndReason): void {
    if (this.#awaiting === 'nothing') return;
    this.#forgetRequest();
    this.#parts.tap?.answered(reply);
    this.#socket.write(reply);
    this.#share.update(reply.length);
    this.#tally.messages++;
    this.#finish(reason);
  }

  /**
   * A piece a turn, and no faster than the client reads, so that what waits for it stays small. The recorder is told
   * how the reply begins.
   */
  *#replyInPieces(request: ClassicRequest, pieces: Iterator<Buffer>, isFirst = true): Work {
    let tap = isFirst ? this.#parts.tap : undefined;
    yield 'long';
    try {
      for (let next = pieces.next(); !next.done; next = pieces.next()) {
        if (this.#awaiting !== 'result') return;
        tap?.answered(next.value);
        tap = undefined;
        const isTaken = this.#socket.write(next.value);
        this.#share.update(next.value.length);
        if (!isTaken) {
          void this.#drained().then(() => this.#lane.add(this.#replyInPieces(request, pieces, false)));
          return;
        }
        yield 'next';
      }
    } catch (error) {
      this.#parts.log.error('internal error', `${request.spec.name}: ${errorStack(error)}`);
      this.#end('failed');
    }
    if (this.#awaiting !== 'result') return;
    this.#tally.messages++;
    this.#finish('answered');
  }

  /** Resolves when the client has taken what waits for it, or the connection is over. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#share.update();
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      const cancel = this.#parts.clock.after(REPLY_TIMEOUT_MS, () => this.#end('slowReader'));
      this.#socket.once('drain', done).once('close', done);
    });
  }

  /** Closes the gateway's side; what the client still sends is read and ignored until it closes too. */
  #finish(reason: ConnectionEndReason): void {
    if (this.#awaiting === 'nothing') return;
    const { clock } = this.#parts;
    this.#awaiting = 'clientToClose';
    this.#forgetRequest();
    this.#cancelTimeout = this.#endLater(reason);
    this.#socket.resume();
    this.#socket.end(() => {
      if (this.#awaiting !== 'clientToClose') return;
      this.#cancelTimeout();
      if (this.#socket.readableEnded) return this.#end(reason);
      this.#socket.once('end', () => this.#end(reason));
      this.#cancelTimeout = clock.after(LINGER_MS, () => this.#end(reason));
    });
  }

  /** Until then the client may take its reply. One that was closed since it does not read has less time, and it is known why. */
  #endLater(reason: ConnectionEndReason): CancelTimer {
    const { clock } = this.#parts;
    if (reason === 'tooMuchUnread') return clock.after(LINGER_MS, () => this.#end(reason));
    return clock.after(REPLY_TIMEOUT_MS, () => this.#end('slowReader'));
  }

  #forgetRequest(): void {
    if (this.#received.length > 0) this.#parts.tap?.asked(this.#received);
    this.#received = Buffer.alloc(0);
    this.#cancelTimeout();
    this.#cancelSettle();
  }

  #onError(error: Error): void {
    this.#parts.log.debug('%s: %s', this.name, errorText(error));
    this.#end('failed');
  }

  #end(reason: ConnectionEndReason): void {
    if (this.#awaiting === 'nothing') return;
    this.#awaiting = 'nothing';
    this.#forgetRequest();
    this.#unsubscribe();
    this.#outbox.close();
    this.#session?.close();
    this.#lane.close();
    this.#share.close();
    this.#socket.destroy();
    this.#parts.tap?.ended(reason);
    this.#parts.onEnd(this, reason);
  }
}

/**
 * Pieces of a reply put together: an existing client takes what one `recv` gives as the whole reply, so one that fits
 * into its buffer goes out in one write.
 */
function* inFewWrites(pieces: Iterable<Buffer>): Generator<Buffer, void> {
  let gathered: Buffer[] = [];
  let length = 0;
  for (const piece of pieces) {
    gathered.push(piece);
    length += piece.length;
    if (length < REPLY_WRITE_LENGTH) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(gathered);
}

/** In two turns of the event loop, what lay in the system's buffers when they began has been read. */
async function nextTurns(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

/** The refusal for want of room, in the dialect that a client's first bytes are of. */
function tooManyClients(firstBytes: Buffer): Buffer {
  if (firstBytes[0] !== SESSION_START) return failure('Too Many Clients');
  const reason = 'TOO_MANY_CLIENTS';
  const [line = ''] = firstBytes.toString('utf8').split('\n');
  const closing = notification('closing', { reason, text: CLOSING_REASONS[reason] });
  return Buffer.from(`${refusalOf(line, new SessionError(reason))}\n${closing}\n`);
}
