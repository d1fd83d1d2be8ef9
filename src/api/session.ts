/**
 * One client's session: JSON-RPC 2.0, one message a text, over any transport that keeps texts whole.
 * Pipelined: replies are matched by id and may come in another order than the requests.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Lane, Work } from '../base/turns.js';
import type { Role } from '../config/role.js';
import type { Hub } from '../hub/hub.js';
import { type Answer, Batch } from './batch.js';
import { MAX_UNANSWERED, MethodCaller } from './call.js';
import type { ClientObserver } from './client-observer.js';
import type { ClientTally } from './client-tally.js';
import { DeliveryWaiters } from './delivery-waiters.js';
import { SESSION_ERRORS, SessionError, type SessionErrorCode } from './errors.js';
import type { EventTexts } from './event-texts.js';
import { type JsonText, JsonWriter, writeJson } from './long-reply.js';
import type { GatewayFacts, MethodReply } from './method.js';
import { findMethod } from './methods/index.js';
import { Subscriptions } from './subscriptions.js';
import { withoutToken } from './without-token.js';

export interface SessionOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  /** Who this is, in logs and where clients take turns. */
  readonly name: string;
  /** Counts what the client is sent and what it misses. */
  readonly tally: ClientTally;
  readonly observer?: ClientObserver | undefined;
  /** What the client may do. */
  readonly role: Role;
  /** The socket that it came by, for the audit. */
  readonly via: string;
  /** Of all sessions. */
  readonly eventTexts: EventTexts;
  /** Hands one JSON text to the client. */
  readonly send: (text: JsonText) => void;
  /** True while the client has more unread than it may. */
  readonly isBehind: () => boolean;
  /** The client's turns; without them everything is done at once. */
  readonly lane?: Pick<Lane, 'add'> | undefined;
  /** So many more bytes are held for a reply that is not whole yet; below zero: fewer. */
  readonly onHeld?: (bytes: number) => void;
}

/** Requests in one batch: its replies are held until the last is there. */
const MAX_BATCH = 1000;

/** Requests of a batch that is begun like a single request. */
const SHORT_BATCH = 16;

type RequestId = string | number | null;

interface Request {
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params: unknown;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #caller: MethodCaller;
  readonly #subscriptions: Subscriptions;
  readonly #deliveries: DeliveryWaiters;
  readonly #unsubscribe: () => void;
  readonly #ended = new AbortController();
  #unanswered = 0;
  #onIdle: (() => void)[] = [];
  #isClosed = false;

  constructor(options: SessionOptions) {
    const { hub, gateway, clock, log, name, role, via } = options;
    const { signal } = this.#ended;
    // Each read that waits listens to it.
    setMaxListeners(MAX_UNANSWERED, signal);
    this.#options = options;
    const subscriptions = new Subscriptions(options);
    const deliveries = new DeliveryWaiters(hub, clock);
    this.#subscriptions = subscriptions;
    this.#deliveries = deliveries;
    const context = { hub, gateway, clock, owner: name, signal, role, subscriptions, deliveries };
    this.#caller = new MethodCaller(context, via, log);
    this.#unsubscribe = hub.feed.subscribe((event) => {
      subscriptions.onEvent(event);
      if (event.kind === 'delivery') deliveries.onStage(event.delivery);
    });
  }

  /** Takes one text of the client: a request, a notification or a batch. */
  receive(text: string): void {
    this.#do(this.work(text));
  }

  /** The same in steps. */
  *work(text: string): Work {
    const parsed = parseJson(text);
    if (!isUntapped(parsed)) this.#options.observer?.asked(withoutToken(text, parsed));
    if (parsed === undefined) this.#reply(errorReply(null, new SessionError('PARSE_ERROR')));
    else if (Array.isArray(parsed)) yield* this.#receiveBatch(parsed);
    else yield* this.#carryOut(parsed, (answer) => this.#give(answer));
  }

  /** The client has read what had piled up. */
  onCaughtUp(): void {
    this.#subscriptions.onCaughtUp();
  }

  /** Resolves when every request has its reply, or the session is over. */
  whenIdle(): Promise<void> {
    if (this.#unanswered === 0 || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#ended.abort();
    this.#unsubscribe();
    this.#subscriptions.close();
    this.#deliveries.close();
    this.#tellIdle();
  }

  /** Values that are held back for the client. */
  get heldBack(): number {
    return this.#subscriptions.heldBack;
  }

  /** Others may have their turn between two of its steps. */
  #do(work: Work): void {
    if (this.#options.lane) this.#options.lane.add(work);
    else while (!work.next().done);
  }

  #reply(text: JsonText, isUntapped = false): void {
    if (this.#isClosed) return;
    if (!isUntapped) this.#options.observer?.answered(startOf(text));
    this.#options.send(text);
  }

  #give({ text, afterReply, isUntapped }: Answer): void {
    if (text !== undefined) this.#reply(text, isUntapped);
    afterReply?.();
  }

  /** A batch is answered by one array, without its notifications; an empty one is a wrong request. */
  *#receiveBatch(entries: readonly unknown[]): Work {
    if (entries.length === 0) return this.#reply(errorReply(null, new SessionError('INVALID_REQUEST')));
    if (entries.length > MAX_BATCH) {
      const error = new SessionError('TOO_MANY_REQUESTS', `a batch may have ${MAX_BATCH}`);
      return this.#reply(errorReply(null, error));
    }
    const batch = new Batch(entries.length, (bytes) => this.#options.onHeld?.(bytes));
    this.#unanswered++;
    const hasUntapped = entries.some(isUntapped);
    batch.onWhole = () => {
      this.#giveBatch(batch, hasUntapped);
      this.#onAnswered();
    };
    yield* inOneGo(this.#answerAll(entries, batch), entries.length > SHORT_BATCH);
  }

  *#answerAll(entries: readonly unknown[], batch: Batch): Work {
    for (const [index, entry] of entries.entries()) {
      if (this.#isClosed) return;
      if (batch.isTooLong) batch.answer(index, tooMuch(entry));
      else yield* this.#carryOut(entry, (answer) => batch.answer(index, answer));
      yield 'more';
    }
  }

  #giveBatch(batch: Batch, isUntapped: boolean): void {
    const text = batch.text();
    if (text !== undefined) this.#reply(text, isUntapped);
    for (const afterReply of batch.afterReplies()) afterReply();
  }

  /** Carries out one request; `settle` is called once, at once where nothing has to be waited for. */
  *#carryOut(entry: unknown, settle: (answer: Answer) => void): Work {
    const request = readRequest(entry);
    if (!request) {
      settle({ text: errorReply(idOf(entry), new SessionError('INVALID_REQUEST')) });
      return;
    }
    const refuse = (error: unknown) => settle(this.#refusal(request, error));
    try {
      if (this.#unanswered >= MAX_UNANSWERED) throw new SessionError('TOO_MANY_REQUESTS');
      const reply = this.#caller.call(request.method, request.params);
      if (reply instanceof Promise) this.#awaitReply(request, reply, settle, refuse);
      else settle(yield* this.#answer(request, 'next' in reply ? yield* reply : reply));
    } catch (error) {
      refuse(error);
    }
  }

  *#answer({ id, method }: Request, { result, afterReply }: MethodReply): Work<Answer> {
    const common = { afterReply, isUntapped: findMethod(method)?.isUntapped === true };
    if (id === undefined) return { ...common, text: undefined };
    const writer = new JsonWriter();
    writer.add(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`);
    yield* writeJson(result, writer);
    writer.add('}');
    return { ...common, text: writer.finish() };
  }

  #refusal({ id, method }: Request, error: unknown): Answer {
    const text = id === undefined ? undefined : errorReply(id, this.#caller.refusalOf(error, method));
    return { text, isUntapped: findMethod(method)?.isUntapped === true };
  }

  #awaitReply(
    request: Request,
    reply: Promise<MethodReply>,
    settle: (answer: Answer) => void,
    refuse: (error: unknown) => void,
  ): void {
    this.#unanswered++;
    reply.then(
      (value) => this.#do(this.#finish(request, value, settle, refuse)),
      (error) => {
        refuse(error);
        this.#onAnswered();
      },
    );
  }

  *#finish(
    request: Request,
    reply: MethodReply,
    settle: (answer: Answer) => void,
    refuse: (error: unknown) => void,
  ): Work {
    try {
      settle(yield* this.#answer(request, reply));
    } catch (error) {
      refuse(error);
    }
    this.#onAnswered();
  }

  #onAnswered(): void {
    this.#unanswered--;
    if (this.#unanswered === 0) this.#tellIdle();
  }

  #tellIdle(): void {
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }
}

/**
 * A batch holds its replies until the last is there, so no two long ones are under way at once: it waits for its turn
 * only before it holds much.
 */
function* inOneGo(work: Work, isLong: boolean): Work {
  let hasWaited = isLong;
  if (isLong) yield 'long';
  for (const pause of work) {
    yield pause === 'long' && hasWaited ? 'more' : pause;
    hasWaited ||= pause === 'long';
  }
}

/** What the observer must not see, since it reports it itself. */
function isUntapped(entry: unknown): boolean {
  return findMethod(readRequest(entry)?.method ?? '')?.isUntapped === true;
}

/** A request of a batch whose replies have become too long; a notification was not carried out either. */
function tooMuch(entry: unknown): Answer {
  const error = new SessionError('TOO_MANY_REQUESTS', 'the replies of this batch are too long');
  return { text: readRequest(entry)?.id === undefined ? undefined : errorReply(idOf(entry), error) };
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

/** A long text as it begins: so much is enough for the recorder. */
function startOf(text: JsonText): string {
  return typeof text === 'string' ? text : (text[0]?.toString('utf8') ?? '');
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
