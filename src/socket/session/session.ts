/**
 * One client's session: JSON-RPC 2.0, one message a text, over any transport that keeps texts whole.
 * Pipelined: replies are matched by id and may come in another order than the requests.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../clock.js';
import { errorStack } from '../../errors.js';
import type { Log } from '../../log.js';
import type { Hub } from '../../network/hub.js';
import type { AuditOrigin } from '../audit.js';
import type { ClientTally } from '../client-tally.js';
import type { ClientTap } from '../client-tap.js';
import { mayDo, type Role } from '../role.js';
import { DeliveryWaiters } from './delivery-waiters.js';
import { SESSION_ERRORS, SessionError, type SessionErrorCode } from './errors.js';
import type { GatewayFacts, Method, MethodContext, MethodReply } from './method.js';
import { findMethod } from './methods/index.js';
import { Subscriptions } from './subscriptions.js';

export interface SessionParts {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  /** Who this is, in logs and where clients take turns. */
  readonly name: string;
  /** Counts what the client is sent and what it misses. */
  readonly tally: ClientTally;
  readonly tap?: ClientTap | undefined;
  /** What the client may do. */
  readonly role: Role;
  /** The socket that it came by, for the audit. */
  readonly via: string;
  /** Hands one JSON text to the client. */
  readonly send: (text: string) => void;
  /** True while the client has more unread than it may. */
  readonly isBehind: () => boolean;
}

/** Requests that a client may leave unanswered; each holds memory until its reply. */
const MAX_UNANSWERED = 4096;
/** Requests in one batch: its replies are held until the last is there. */
const MAX_BATCH = 1000;
/** Characters of one batch's replies; what would come on top of that is refused. */
const MAX_BATCH_REPLY = 16_777_216;

type RequestId = string | number | null;

/** What a request comes to; a notification gets no text. */
interface Answer {
  readonly text: string | undefined;
  readonly afterReply?: (() => void) | undefined;
  readonly isUntapped?: boolean;
}

interface Request {
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params: unknown;
}

export class Session {
  readonly #parts: SessionParts;
  readonly #context: MethodContext;
  readonly #unsubscribe: () => void;
  readonly #ended = new AbortController();
  #unanswered = 0;
  #onIdle: (() => void)[] = [];
  #isClosed = false;

  constructor(parts: SessionParts) {
    const { hub, gateway, clock, name, role } = parts;
    // Each read that waits listens to it.
    setMaxListeners(MAX_UNANSWERED, this.#ended.signal);
    this.#parts = parts;
    this.#context = {
      hub,
      gateway,
      clock,
      owner: name,
      signal: this.#ended.signal,
      role,
      subscriptions: new Subscriptions(parts),
      deliveries: new DeliveryWaiters(hub, clock),
    };
    this.#unsubscribe = hub.subscribe((event) => {
      this.#context.subscriptions.onEvent(event);
      if (event.kind === 'delivery') this.#context.deliveries.onStage(event.delivery);
    });
  }

  /** Takes one text of the client: a request, a notification or a batch. */
  receive(text: string): void {
    const parsed = parseJson(text);
    if (!isUntapped(parsed)) this.#parts.tap?.asked(text);
    if (parsed === undefined) this.#reply(errorReply(null, new SessionError('PARSE_ERROR')));
    else if (Array.isArray(parsed)) void this.#receiveBatch(parsed);
    else this.#carryOut(parsed, (answer) => this.#give(answer));
  }

  /** The client has read what had piled up. */
  onCaughtUp(): void {
    this.#context.subscriptions.onCaughtUp();
  }

  /** Resolves when every request has its reply. */
  whenIdle(): Promise<void> {
    if (this.#unanswered === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#ended.abort();
    this.#unsubscribe();
    this.#context.subscriptions.close();
    this.#context.deliveries.close();
  }

  #reply(text: string, isUntapped = false): void {
    if (this.#isClosed) return;
    if (!isUntapped) this.#parts.tap?.answered(text);
    this.#parts.send(text);
  }

  #give({ text, afterReply, isUntapped }: Answer): void {
    if (text !== undefined) this.#reply(text, isUntapped);
    afterReply?.();
  }

  /** A batch is answered by one array, without its notifications; an empty one is a wrong request. */
  async #receiveBatch(entries: readonly unknown[]): Promise<void> {
    if (entries.length === 0) return this.#reply(errorReply(null, new SessionError('INVALID_REQUEST')));
    if (entries.length > MAX_BATCH) {
      const error = new SessionError('TOO_MANY_REQUESTS', `a batch may have ${MAX_BATCH}`);
      return this.#reply(errorReply(null, error));
    }
    this.#unanswered++;
    const answers = await this.#answerAll(entries);
    const texts = answers.map(({ text }) => text).filter((text) => text !== undefined);
    if (texts.length > 0) this.#reply(`[${texts.join(',')}]`, entries.some(isUntapped));
    for (const { afterReply } of answers) afterReply?.();
    this.#onAnswered();
  }

  #answerAll(entries: readonly unknown[]): Promise<Answer[]> {
    let length = 0;
    const answer = (entry: unknown) =>
      new Promise<Answer>((resolve) => {
        if (length > MAX_BATCH_REPLY) return resolve(tooMuch(entry));
        this.#carryOut(entry, (answer) => {
          length += answer.text?.length ?? 0;
          resolve(answer);
        });
      });
    return Promise.all(entries.map(answer));
  }

  /** Carries out one request; `settle` is called once, at once where nothing has to be waited for. */
  #carryOut(entry: unknown, settle: (answer: Answer) => void): void {
    const request = readRequest(entry);
    if (!request) {
      settle({ text: errorReply(idOf(entry), new SessionError('INVALID_REQUEST')) });
      return;
    }
    const { id, method } = request;
    const common = { isUntapped: isUntapped(entry) };
    this.#call(
      request,
      ({ result, afterReply }) => settle({ ...common, text: resultReply(id, result), afterReply }),
      (error) => {
        const text = id === undefined ? undefined : errorReply(id, this.#asSessionError(error, method));
        settle({ ...common, text });
      },
    );
  }

  #call(request: Request, onReply: (reply: MethodReply) => void, onError: (error: unknown) => void): void {
    try {
      if (this.#unanswered >= MAX_UNANSWERED) throw new SessionError('TOO_MANY_REQUESTS');
      const { method, params } = this.#prepare(request);
      const reply = method.isAudited ? this.#runAudited(method, params) : method.run(params, this.#context);
      if (reply instanceof Promise) this.#awaitReply(reply, onReply, onError);
      else onReply(reply);
    } catch (error) {
      onError(error);
    }
  }

  /** Throws `UNKNOWN_METHOD`, `FORBIDDEN` or `BAD_PARAMS`. */
  #prepare({ method: name, params }: Request): { method: Method; params: unknown } {
    const { role, gateway } = this.#parts;
    const method = findMethod(name);
    if (!method) throw new SessionError('UNKNOWN_METHOD', name);
    if (!mayDo(role, method.role)) {
      gateway.audit.forbid(this.#origin, method.name);
      throw new SessionError('FORBIDDEN', method.name);
    }
    return { method, params: checkParams(method, params) };
  }

  async #runAudited(method: Method, params: unknown): Promise<MethodReply> {
    const record = (outcome: string) => this.#parts.gateway.audit.record(this.#origin, method.name, outcome);
    try {
      const reply = await method.run(params, this.#context);
      record('done');
      return reply;
    } catch (error) {
      record(error instanceof SessionError ? error.code : 'INTERNAL');
      throw error;
    }
  }

  get #origin(): AuditOrigin {
    const { name, via, role } = this.#parts;
    return { client: name, via, role };
  }

  #awaitReply(
    reply: Promise<MethodReply>,
    onReply: (reply: MethodReply) => void,
    onError: (error: unknown) => void,
  ): void {
    this.#unanswered++;
    void reply
      .then(onReply)
      .catch(onError)
      .finally(() => this.#onAnswered());
  }

  #onAnswered(): void {
    this.#unanswered--;
    if (this.#unanswered > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** What is no refusal is our own mistake: the client is told that much, the log the rest. */
  #asSessionError(error: unknown, method: string): SessionError {
    if (error instanceof SessionError) return error;
    this.#parts.log.warn('internal error', `${method}: ${errorStack(error)}`);
    return new SessionError('INTERNAL');
  }
}

/** What the tap must not be told, since it has told it itself. */
function isUntapped(entry: unknown): boolean {
  return findMethod(readRequest(entry)?.method ?? '')?.isUntapped === true;
}

/** A request of a batch whose replies have become too long; a notification was not carried out either. */
function tooMuch(entry: unknown): Answer {
  const error = new SessionError('TOO_MANY_REQUESTS', 'the replies of this batch are too long');
  return { text: readRequest(entry)?.id === undefined ? undefined : errorReply(idOf(entry), error) };
}

/** Throws `BAD_PARAMS`. */
function checkParams(method: Method, params: unknown): unknown {
  const checked = method.params.safeParse(params ?? {});
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const where = issue?.path.join('.');
  throw new SessionError('BAD_PARAMS', `${where ? `${where}: ` : ''}${issue?.message}`);
}

function readRequest(entry: unknown): Request | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined;
  const { jsonrpc, id, method, params } = entry as Record<string, unknown>;
  if (jsonrpc !== '2.0' || typeof method !== 'string') return undefined;
  if (id !== undefined && !isRequestId(id)) return undefined;
  return { id, method, params };
}

function isRequestId(id: unknown): id is RequestId {
  return id === null || typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id));
}

/** The id of something that is no request, for its refusal. */
function idOf(entry: unknown): RequestId {
  if (typeof entry !== 'object' || entry === null || !('id' in entry)) return null;
  return isRequestId(entry.id) ? entry.id : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function resultReply(id: RequestId | undefined, result: unknown): string | undefined {
  if (id === undefined) return undefined;
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result)}}`;
}

/** The refusal of what a client said first, whatever that was. */
export function refusalOf(text: string, error: SessionError): string {
  return errorReply(idOf(parseJson(text)), error);
}

/** The reply that refuses a request; without an id where it can't be known. */
export function errorReply(id: RequestId, { code, message }: SessionError): string {
  const error = { code: SESSION_ERRORS[code].rpc, message, data: { code: code satisfies SessionErrorCode } };
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}
