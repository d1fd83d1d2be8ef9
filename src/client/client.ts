/**
 * A client of a gateway's JSON-RPC session. It finds the socket, connects again by itself when the connection is lost,
 * and resumes its subscriptions behind the last event that they had.
 */
import { existsSync } from 'node:fs';
import type { SessionApi } from '../socket/session/methods/index.js';
import { socketCandidates } from '../socket-location.js';
import { ClientError } from './errors.js';
import { EventStream } from './event-stream.js';
import { type Params, type Result, SessionConnection } from './session-connection.js';

export interface ConnectOptions {
  /** The gateway's Unix socket; `$MESHGATE_SOCKET` or the usual places unless given. */
  readonly socket?: string | undefined;
  /** Connect again when the connection is lost; true unless given. */
  readonly reconnect?: boolean;
  /** Closes the client when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the connection is lost, and when it has been made again. */
  readonly onConnectionChange?: (isConnected: boolean) => void;
}

export interface CallOptions {
  /** Rejects the call when it aborts; the gateway still carries it out if it has it. */
  readonly signal?: AbortSignal | undefined;
}

export type SubscribeOptions = Params<'subscribe'> & {
  /** Ends the stream when it aborts. */
  readonly signal?: AbortSignal | undefined;
};

/** A gateway that restarts is back within a second or so; one that is gone need not be asked more often. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** How long a call waits for a connection that was lost. */
const CALL_CONNECT_TIMEOUT_MS = 10_000;

interface OpenStream {
  readonly stream: EventStream;
  readonly params: Params<'subscribe'>;
  /** The gateway's name for it, on this connection. */
  subscription: string | undefined;
  /** Number of the last event that it had, or resumes behind. */
  lastSeq: number | undefined;
}

/** Connects to the gateway. Rejects with `NOT_RUNNING` or `NO_PERMISSION`. */
export async function connect(options: ConnectOptions = {}): Promise<MeshgateClient> {
  const client = new MeshgateClient(
    findSocket(options.socket),
    options.reconnect ?? true,
    options.onConnectionChange,
  );
  options.signal?.throwIfAborted();
  options.signal?.addEventListener('abort', () => client.close(), { once: true });
  await client.open();
  return client;
}

/** The socket that was named, or the first of the usual places where there is one. */
export function findSocket(named?: string, env: NodeJS.ProcessEnv = process.env): string {
  const given = named ?? env.MESHGATE_SOCKET;
  if (given) return given;
  const candidates = socketCandidates(env);
  return candidates.find((path) => existsSync(path)) ?? candidates[0] ?? '';
}

export class MeshgateClient {
  /** The path of the gateway's Unix socket. */
  readonly path: string;
  readonly #reconnects: boolean;
  readonly #onConnectionChange: (isConnected: boolean) => void;
  readonly #streams = new Set<OpenStream>();
  #connection: SessionConnection | undefined;
  #reconnecting: Promise<void> | undefined;
  #endPause: () => void = () => {};
  #closedBy: ClientError | undefined;

  /** Use `connect`. */
  constructor(
    path: string,
    reconnects: boolean,
    onConnectionChange: (isConnected: boolean) => void = () => {},
  ) {
    this.path = path;
    this.#reconnects = reconnects;
    this.#onConnectionChange = onConnectionChange;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Opens a connection. Rejects with `NOT_RUNNING` or `NO_PERMISSION`. */
  async open(): Promise<void> {
    const connection = await SessionConnection.open(this.path, {
      onEvent: (subscription, event) => {
        const open = this.#findStream(subscription);
        if (open) open.lastSeq = event.seq;
        open?.stream.push(event);
      },
      onGap: (subscription, from, to) => {
        const open = this.#findStream(subscription);
        if (open) open.lastSeq = to;
        open?.stream.push({ kind: 'gap', from, to, where: 'connection' });
      },
      onClosing: (reason) => this.#onClosing(reason),
      onClosed: () => this.#onLost(),
    });
    if (this.#closedBy) connection.close();
    else this.#connection = connection;
  }

  /**
   * Calls a method of the session. Rejects with a `RequestError` when the gateway refuses, with a `ClientError` when
   * there is no connection or it is lost, or with the signal's reason.
   */
  async call<Name extends keyof SessionApi>(
    name: Name,
    params: Params<Name>,
    { signal }: CallOptions = {},
  ): Promise<Result<Name>> {
    signal?.throwIfAborted();
    const connection = this.#connection ?? (await this.#awaitConnection());
    return new Promise<Result<Name>>((resolve, reject) => {
      const onAbort = () => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      const settling =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          signal?.removeEventListener('abort', onAbort);
          settle(value);
        };
      connection.post(name, params, { onResult: settling(resolve), onError: settling(reject) });
    });
  }

  hello(options?: CallOptions): Promise<Result<'hello'>> {
    return this.call('hello', {}, options);
  }

  status(options?: CallOptions): Promise<Result<'status'>> {
    return this.call('status', {}, options);
  }

  nodes(params: Params<'nodes'> = {}, options?: CallOptions): Promise<Result<'nodes'>> {
    return this.call('nodes', params, options);
  }

  /** `node`: its address, or its name. */
  node(node: number | string, options?: CallOptions): Promise<Result<'node'>> {
    return this.call('node', { node }, options);
  }

  /** `type`: name or id. Without a node: of every node that has a value. */
  latest(type: number | string, node?: number | string, options?: CallOptions): Promise<Result<'latest'>> {
    return this.call('latest', { type, node }, options);
  }

  range(params: Params<'range'>, options?: CallOptions): Promise<Result<'range'>> {
    return this.call('range', params, options);
  }

  send(params: Params<'send'>, options?: CallOptions): Promise<Result<'send'>> {
    return this.call('send', params, options);
  }

  broadcast(params: Params<'broadcast'>, options?: CallOptions): Promise<Result<'broadcast'>> {
    return this.call('broadcast', params, options);
  }

  ping(params: Params<'ping'>, options?: CallOptions): Promise<Result<'ping'>> {
    return this.call('ping', params, options);
  }

  /**
   * Events as they come, and across lost connections: `for await (const event of client.subscribe({ … }))`. The
   * stream throws when the gateway refuses it or turns the client away, and ends by `close` or the signal.
   */
  subscribe({ signal, since, ...params }: SubscribeOptions = {}): EventStream {
    const stream = new EventStream(() => this.#forget(open));
    const open: OpenStream = { stream, params, subscription: undefined, lastSeq: since };
    signal?.addEventListener('abort', () => stream.end(), { once: true });
    if (this.#closedBy || signal?.aborted) {
      stream.end(this.#closedBy);
      return stream;
    }
    this.#streams.add(open);
    if (this.#connection) this.#start(open, this.#connection);
    return stream;
  }

  /** Ends everything. Calls that wait are rejected, streams end. */
  close(): void {
    this.#shut(new ClientError('CLOSED'));
  }

  #findStream(subscription: string): OpenStream | undefined {
    for (const open of this.#streams) if (open.subscription === subscription) return open;
    return undefined;
  }

  /** Begins a stream on this connection, or goes on with it behind its last event. */
  #start(open: OpenStream, connection: SessionConnection): void {
    const since = open.lastSeq;
    connection.post('subscribe', since === undefined ? open.params : { ...open.params, since }, {
      onResult: (result) => onStarted(open, since, result),
      onError: (error) => {
        const isLost = error instanceof ClientError && error.code === 'CONNECTION_LOST';
        if (!isLost || !this.#reconnects) open.stream.end(error);
      },
    });
  }

  #forget(open: OpenStream): void {
    this.#streams.delete(open);
    const { subscription } = open;
    if (subscription === undefined) return;
    this.#connection?.post('unsubscribe', { subscription }, { onResult: () => {}, onError: () => {} });
  }

  /** A gateway that stops may come back; a client that it turns away must be told. */
  #onClosing(reason: string): void {
    if (reason === 'SLOW_READER' || reason === 'LINE_TOO_LONG') this.#shut(new ClientError(reason));
  }

  #onLost(): void {
    this.#connection = undefined;
    for (const open of this.#streams) open.subscription = undefined;
    if (this.#closedBy) return;
    this.#onConnectionChange(false);
    if (this.#reconnects) this.#reconnecting ??= this.#reconnect();
    else this.#shut(new ClientError('CONNECTION_LOST'));
  }

  async #reconnect(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#connection && !this.#closedBy) {
      await this.#pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      if (!this.#closedBy) await this.open().catch(() => {});
    }
    this.#reconnecting = undefined;
    if (this.#connection) this.#onConnectionChange(true);
    for (const open of this.#streams) if (this.#connection) this.#start(open, this.#connection);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #awaitConnection(): Promise<SessionConnection> {
    await Promise.race([this.#reconnecting, timeout(CALL_CONNECT_TIMEOUT_MS)]);
    if (this.#connection) return this.#connection;
    throw this.#closedBy ?? new ClientError('NOT_RUNNING', this.path);
  }

  #shut(error: ClientError): void {
    if (this.#closedBy) return;
    this.#closedBy = error;
    this.#endPause();
    this.#connection?.close();
    this.#connection = undefined;
    const failure = error.code === 'CLOSED' ? undefined : error;
    for (const { stream } of [...this.#streams]) stream.end(failure);
  }
}

/** Runs while the reply is read: the events that come right behind it must find their stream. */
function onStarted(open: OpenStream, since: number | undefined, result: Result<'subscribe'>): void {
  open.subscription = result.subscription;
  if (result.gone) open.stream.push({ kind: 'gap', ...result.gone, where: 'gateway' });
  if (result.snapshot) open.stream.push({ kind: 'snapshot', snapshot: result.snapshot });
  if (since === undefined || result.gone?.to === null) open.lastSeq = result.seq;
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
