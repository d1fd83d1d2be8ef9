/**
 * The client side of a session, without I/O: matches replies to requests by id, and passes on notifications. Shared by
 * the client library and the dashboard, so it must not depend on Node.
 *
 *     → {"jsonrpc":"2.0","id":1,"method":"nodes","params":{}}
 *     ← {"jsonrpc":"2.0","id":1,"result":{…}}
 *     ← {"jsonrpc":"2.0","id":1,"error":{"code":-32010,"message":"…","data":{"code":"NODE_NOT_FOUND"}}}
 *     ← {"jsonrpc":"2.0","method":"event","params":{"subscription":"1","event":{…}}}
 */
import { MAX_REQUEST_LENGTH } from '../api/errors.js';
import type { SessionApi } from '../api/methods/index.js';
import type { MeshEvent } from '../api/shapes.js';
import { ClientError, RequestError } from './errors.js';

export type MethodName = keyof SessionApi;
export type Params<Name extends MethodName> = SessionApi[Name]['params'];
export type Result<Name extends MethodName> = SessionApi[Name]['result'];

/** Numbers of events that were not delivered, both ends included. */
export interface GapNotice {
  readonly from: number;
  readonly to: number;
  /** Lost events, not counting coalesced values. */
  readonly dropped: number;
}

/** Called in the order of the notifications. */
export interface NotificationHandlers {
  onEvent(subscription: string, event: MeshEvent): void;
  onGap(subscription: string, gap: GapNotice): void;
  /** The gateway is about to close the connection, for this reason. */
  onClosing(reason: string): void;
}

/** One of the two is called once, while the reply is read, before anything that follows it. */
export interface PendingCall<Value> {
  readonly onResult: (result: Value) => void;
  readonly onError: (error: Error) => void;
}

/** Maximum UTF-8 bytes per UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;

interface Incoming {
  readonly id?: number | null;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly data?: { readonly code?: string } };
  readonly method?: string;
  readonly params?: GapNotice & {
    readonly subscription: string;
    readonly event: MeshEvent;
    readonly reason: string;
  };
}

export class RpcCore {
  readonly #write: (text: string) => void;
  readonly #handlers: NotificationHandlers;
  readonly #pending = new Map<number, PendingCall<unknown>>();
  #nextId = 1;
  #hasServed = false;
  #failure: Error | undefined;

  /** `write`: sends one JSON text. */
  constructor(write: (text: string) => void, handlers: NotificationHandlers) {
    this.#write = write;
    this.#handlers = handlers;
  }

  /** The gateway has answered a request: it does not just accept and refuse connections. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Sends a request. It fails with `LINE_TOO_LONG`, a `RequestError`, or the error passed to `end`. */
  post(method: string, params: object, call: PendingCall<unknown>): void {
    if (this.#failure) {
      call.onError(this.#failure);
      return;
    }
    const id = this.#nextId++;
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    if (isTooLong(text)) {
      call.onError(new ClientError('LINE_TOO_LONG'));
      return;
    }
    this.#pending.set(id, call);
    this.#write(text);
  }

  /** Processes one JSON text from the gateway. Anything else is not from a gateway and is ignored. */
  receive(text: string): void {
    const incoming = readIncoming(text);
    if (!incoming || this.#failure) return;
    if (typeof incoming.id === 'number') this.#onReply(incoming.id, incoming);
    else if (incoming.params) this.#onNotification(incoming.method, incoming.params);
  }

  /** The connection has ended: all unanswered and later requests fail with `failure`. */
  end(failure: Error): void {
    this.#failure ??= failure;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { onError } of pending) onError(this.#failure);
  }

  #onReply(id: number, { result, error }: Incoming): void {
    const call = this.#pending.get(id);
    if (!call) return;
    this.#pending.delete(id);
    this.#hasServed = true;
    if (error) call.onError(new RequestError(error.data?.code ?? 'UNKNOWN', error.message));
    else call.onResult(result);
  }

  #onNotification(method: string | undefined, params: NonNullable<Incoming['params']>): void {
    if (method === 'event') this.#handlers.onEvent(params.subscription, params.event);
    else if (method === 'gap') this.#handlers.onGap(params.subscription, params);
    else if (method === 'closing') this.#handlers.onClosing(params.reason);
  }
}

/** Counts the bytes only if they could be too many. */
function isTooLong(text: string): boolean {
  if (text.length * MAX_BYTES_PER_UNIT <= MAX_REQUEST_LENGTH) return false;
  return new TextEncoder().encode(text).length > MAX_REQUEST_LENGTH;
}

function readIncoming(text: string): Incoming | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
