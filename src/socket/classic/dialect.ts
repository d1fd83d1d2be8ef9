/**
 * The classic dialect: the first bytes of a client decide its kind.
 *
 *     [syn] 00             listening: answered [ack] 00, then receives each forwarded message as its bare body
 *     a command            sending: one command, one reply, then the gateway closes the connection
 *     anything else        answered F…, then closed
 */
import type { AuditOrigin } from '../../api/audit.js';
import type { GatewayFacts } from '../../api/method.js';
import type { CancelTimer } from '../../base/clock.js';
import { errorStack } from '../../base/errors.js';
import type { Work } from '../../base/turns.js';
import { mayDo, type Role } from '../../config/role.js';
import type { Hub } from '../../hub/hub.js';
import type { Connection, Dialect, DialectType } from '../connection.js';
import type { ConnectionEndReason } from '../end-reasons.js';
import { answerRequest, roleForCommand } from './commands.js';
import { failure, outcomeOf, type Reply } from './reply.js';
import { type ClassicRequest, examineRequest } from './request.js';

export interface ClassicSettings {
  /** Bytes of the longest request. */
  readonly maxRequestLength: number;
  /** ms without a byte after which a request of varying length is complete. */
  readonly settleMs: number;
}

export interface ClassicOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly settings: ClassicSettings;
}

const SYN = Buffer.from('[syn]\0', 'latin1');
const ACK = Buffer.from('[ack]\0', 'latin1');
/** Bytes of a reply that are written together: the buffer size of existing clients. */
const REPLY_WRITE_LENGTH = 65_536;
const TOO_MANY_CLIENTS = failure('Too Many Clients');

/** Must be the last in a list of dialects: it accepts every client. */
export function classicDialect(options: ClassicOptions): DialectType {
  return {
    isSpokenBy: () => true,
    open: (connection) => new ClassicDialect(connection, options),
    refusal: () => TOO_MANY_CLIENTS,
  };
}

class ClassicDialect implements Dialect {
  readonly #connection: Connection;
  readonly #options: ClassicOptions;
  #received = Buffer.alloc(0);
  #cancelSettle: CancelTimer = () => {};
  #unsubscribe: () => void = () => {};

  constructor(connection: Connection, options: ClassicOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  onBytes(chunk: Buffer): void {
    if (!this.#connection.isUndecided) return;
    const room = this.#options.settings.maxRequestLength + 1 - this.#received.length;
    this.#received = Buffer.concat([this.#received, chunk.subarray(0, room)]);
    this.#cancelSettle();
    this.#examine(false);
  }

  onClientEnd(): void {
    if (this.#connection.isUndecided) this.#examine(true);
    else if (this.#connection.isListening) this.#connection.end('clientLeft');
  }

  onTimeout(): void {
    this.#examine(true);
  }

  refuse(): void {
    this.#reply(TOO_MANY_CLIENTS, 'tooMany');
  }

  /** A request in progress is still answered. */
  stop(): void {
    if (this.#connection.isListening) this.#connection.finish('stopped');
  }

  stopNow(): void {
    this.#forgetRequest();
    this.#connection.finish('stopped');
  }

  close(): void {
    this.#forgetRequest();
    this.#unsubscribe();
  }

  /** `isOver`: no more input will come, or the wait is over. */
  #examine(isOver: boolean): void {
    if (this.#isHandshake()) this.#onHandshake(isOver);
    else this.#examineRequest(isOver);
  }

  #examineRequest(isOver: boolean): void {
    const { hub, settings } = this.#options;
    const examined = examineRequest(this.#received, hub.tables, settings.maxRequestLength);
    if (examined.kind === 'complete') this.#answerInTurn(examined.request);
    else if (examined.kind === 'refused') this.#reply(failure(examined.failure), 'refused');
    else if (isOver) this.#onInputEnd(examined);
    else if (examined.kind === 'mayContinue') this.#settleThenExamine();
  }

  #onInputEnd(
    examined: Extract<ReturnType<typeof examineRequest>, { kind: 'mayContinue' | 'tooShort' }>,
  ): void {
    if (examined.kind === 'mayContinue') this.#answerInTurn(examined.request);
    else this.#reply(failure(examined.failure), 'timedOut');
  }

  /**
   * After the settle time, one more pass of the event loop reads input that arrived while the process was busy: only real
   * silence ends a request.
   */
  #settleThenExamine(): void {
    const length = this.#received.length;
    this.#cancelSettle = this.#connection.options.clock.after(this.#options.settings.settleMs, () =>
      setImmediate(() => {
        if (this.#connection.isUndecided && this.#received.length === length) this.#examine(true);
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
    const connection = this.#connection;
    connection.decide('listening');
    this.#forgetRequest();
    connection.options.observer?.answered(ACK);
    connection.output.push(ACK);
    this.#unsubscribe = this.#options.hub.feed.subscribe((event) => {
      if (event.kind === 'message' && event.toListeners) connection.output.push(event.message.body);
    });
  }

  #answerInTurn(request: ClassicRequest): void {
    this.#connection.decide('sending');
    this.#forgetRequest();
    this.#connection.output.lane.add(this.#answerWork(request));
  }

  *#answerWork(request: ClassicRequest): Work {
    if (this.#connection.output.isBudgetExhausted) yield 'long';
    void this.#answer(request);
  }

  async #answer(request: ClassicRequest): Promise<void> {
    const needed = roleForCommand(request.spec.name);
    if (!mayDo(this.#connection.role, needed)) return this.#forbid(request);
    const reply = await this.#carryOut(request, needed);
    if (Buffer.isBuffer(reply)) this.#reply(reply, 'answered');
    else this.#connection.output.lane.add(this.#replyInPieces(request, inFewWrites(reply)));
  }

  #forbid({ spec }: ClassicRequest): void {
    this.#options.gateway.audit.forbid(this.#origin, spec.name);
    this.#reply(failure('Not Permitted'), 'forbidden');
  }

  get #origin(): AuditOrigin {
    const { name, role, options } = this.#connection;
    return { client: name, via: options.via, role };
  }

  /** A bug costs only this client its answer, and is logged. */
  async #carryOut(request: ClassicRequest, needed: Role): Promise<Reply> {
    const { hub, gateway } = this.#options;
    try {
      const reply = await answerRequest(request, hub, this.#connection.name);
      if (needed === 'admin' && Buffer.isBuffer(reply)) {
        gateway.audit.record(this.#origin, request.spec.name, outcomeOf(reply));
      }
      return reply;
    } catch (error) {
      this.#logInternalError(request, error);
      return failure('Internal Error');
    }
  }

  #logInternalError({ spec }: ClassicRequest, error: unknown): void {
    this.#connection.options.log.error('internal error', `${spec.name}: ${errorStack(error)}`);
  }

  #reply(reply: Buffer, reason: ConnectionEndReason): void {
    this.#forgetRequest();
    this.#connection.reply(reply, reason);
  }

  /**
   * One piece per turn, and no faster than the client reads, so that little is queued. The recorder gets the beginning of
   * the reply.
   */
  *#replyInPieces(request: ClassicRequest, pieces: Iterator<Buffer>, isFirst = true): Work {
    const connection = this.#connection;
    let observer = isFirst ? connection.options.observer : undefined;
    yield 'long';
    try {
      for (let next = pieces.next(); !next.done; next = pieces.next()) {
        if (!connection.isOpen) return;
        observer?.answered(next.value);
        observer = undefined;
        if (!connection.output.write(next.value)) return this.#resumeWhenDrained(request, pieces);
        yield 'next';
      }
    } catch (error) {
      this.#logInternalError(request, error);
      connection.end('failed');
    }
    if (!connection.isOpen) return;
    connection.output.tally.messages++;
    connection.finish('answered');
  }

  #resumeWhenDrained(request: ClassicRequest, pieces: Iterator<Buffer>): void {
    const { output } = this.#connection;
    void output.drained().then(() => output.lane.add(this.#replyInPieces(request, pieces, false)));
  }

  #forgetRequest(): void {
    this.#cancelSettle();
    if (this.#received.length === 0) return;
    this.#connection.options.observer?.asked(this.#received);
    this.#received = Buffer.alloc(0);
  }
}

/**
 * Joins pieces of a reply: existing clients take the result of one `recv` as the complete reply, so a reply that fits
 * their buffer goes out in one write.
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
