/**
 * One client's session: JSON-RPC 2.0, one message per text, over any transport that preserves text boundaries.
 * Requests may be pipelined: replies are matched by id and may arrive in a different order.
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
  /** Name of the client, for logs and for fairness between clients. */
  readonly name: string;
  /** Counts what the client is sent and what it misses. */
  readonly tally: ClientTally;
  readonly observer?: ClientObserver | undefined;
  /** Permissions of the client. */
  readonly role: Role;
  /** The client's socket, for the audit. */
  readonly via: string;
  /** Shared by all sessions. */
  readonly eventTexts: EventTexts;
  /** Sends one JSON text to the client. */
  readonly send: (text: JsonText) => void;
  /** True while the client is over its limit of unread data. */
  readonly isBackedUp: () => boolean;
  /** The client's turns; without them all work is done immediately. */
  readonly lane?: Pick<Lane, 'add'> | undefined;
  /** Called with the change in the number of bytes held for incomplete replies. */
  readonly onHeld?: (bytes: number) => void;
}

/** Requests in one batch: its replies are held until the last one is ready. */
const MAX_BATCH = 1000;

/** A batch of up to this many requests is started like a single request. */
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
    // Each pending read listens to it.
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

  /** Processes one text from the client: a request, a notification or a batch. */
  receive(text: string): void {
    this.#do(this.work(text));
  }

  /** The same in steps. */
  *work(text: string): Work {
    const parsed = parseJson(text);
    if (!isUnobserved(parsed)) this.#options.observer?.asked(withoutToken(text, parsed));
    if (parsed === undefined) this.#reply(errorReply(null, new SessionError('PARSE_ERROR')));
    else if (Array.isArray(parsed)) yield* this.#receiveBatch(parsed);
    else yield* this.#carryOut(parsed, (answer) => this.#give(answer));
  }

  /** The client has read its backlog. */
  onCaughtUp(): void {
    this.#subscriptions.onCaughtUp();
  }

  /** Resolves when all requests have been answered, or the session has ended. */
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
    this.#notifyIdle();
  }

  /** Values held back for the client. */
  get heldBack(): number {
    return this.#subscriptions.heldBack;
  }

  /** Other clients may have their turn between two steps. */
  #do(work: Work): void {
    if (this.#options.lane) this.#options.lane.add(work);
    else while (!work.next().done);
  }

  #reply(text: JsonText, isUnobserved = false): void {
    if (this.#isClosed) return;
    if (!isUnobserved) this.#options.observer?.answered(startOf(text));
    this.#options.send(text);
  }

  #give({ text, afterReply, isUnobserved }: Answer): void {
    if (text !== undefined) this.#reply(text, isUnobserved);
    afterReply?.();
  }

  /** A batch is answered by one array, without entries for notifications; an empty batch is an invalid request. */
  *#receiveBatch(entries: readonly unknown[]): Work {
    if (entries.length === 0) return this.#reply(errorReply(null, new SessionError('INVALID_REQUEST')));
    if (entries.length > MAX_BATCH) {
      const error = new SessionError('TOO_MANY_REQUESTS', `batch of more than ${MAX_BATCH} requests`);
      return this.#reply(errorReply(null, error));
    }
    const batch = new Batch(entries.length, (bytes) => this.#options.onHeld?.(bytes));
    this.#unanswered++;
    const hasUnobserved = entries.some(isUnobserved);
    batch.onComplete = () => {
      this.#giveBatch(batch, hasUnobserved);
      this.#onAnswered();
    };
    yield* waitOnce(this.#answerAll(entries, batch), entries.length > SHORT_BATCH);
  }

  *#answerAll(entries: readonly unknown[], batch: Batch): Work {
    for (const [index, entry] of entries.entries()) {
      if (this.#isClosed) return;
      if (batch.isTooLong) batch.answer(index, batchTooLong(entry));
      else yield* this.#carryOut(entry, (answer) => batch.answer(index, answer));
      yield 'more';
    }
  }

  #giveBatch(batch: Batch, isUnobserved: boolean): void {
    const text = batch.text();
    if (text !== undefined) this.#reply(text, isUnobserved);
    for (const afterReply of batch.afterReplies()) afterReply();
  }

  /** Carries out one request; `settle` is called once, immediately unless the method has to wait. */
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
    const common = { afterReply, isUnobserved: findMethod(method)?.isUnobserved === true };
    if (id === undefined) return { ...common, text: undefined };
    const writer = new JsonWriter();
    writer.add(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`);
    yield* writeJson(result, writer);
    writer.add('}');
    return { ...common, text: writer.finish() };
  }

  #refusal({ id, method }: Request, error: unknown): Answer {
    const text = id === undefined ? undefined : errorReply(id, this.#caller.refusalOf(error, method));
    return { text, isUnobserved: findMethod(method)?.isUnobserved === true };
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
    if (this.#unanswered === 0) this.#notifyIdle();
  }

  #notifyIdle(): void {
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }
}

/**
 * A batch holds its replies until the last one is ready, so only one long batch may run at a time: it waits for its turn
 * once, before it holds many bytes.
 */
function* waitOnce(work: Work, isLong: boolean): Work {
  let hasWaited = isLong;
  if (isLong) yield 'long';
  for (const pause of work) {
    yield pause === 'long' && hasWaited ? 'more' : pause;
    hasWaited ||= pause === 'long';
  }
}

/** Requests that are not passed to the observer, because they return what it recorded. */
function isUnobserved(entry: unknown): boolean {
  return findMethod(readRequest(entry)?.method ?? '')?.isUnobserved === true;
}

/** Answer to a request of a batch whose replies are too long; notifications are not carried out either. */
function batchTooLong(entry: unknown): Answer {
  const error = new SessionError('TOO_MANY_REQUESTS', 'the replies to this batch are too long');
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

/** The id of an invalid request, for the error reply. */
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

/** The beginning of a long text, which is enough for the recorder. */
function startOf(text: JsonText): string {
  return typeof text === 'string' ? text : (text[0]?.toString('utf8') ?? '');
}

/** The error reply to the first text of a client, valid or not. */
export function refusalOf(text: string, error: SessionError): string {
  return errorReply(idOf(parseJson(text)), error);
}

/** The error reply to a request; the id is null if it is unknown. */
export function errorReply(id: RequestId, { code, message }: SessionError): string {
  const error = { code: SESSION_ERRORS[code].rpc, message, data: { code: code satisfies SessionErrorCode } };
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}
