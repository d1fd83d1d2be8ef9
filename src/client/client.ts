/**
 * A client of a gateway's JSON-RPC session. It finds the socket, reconnects automatically, and resumes its subscriptions
 * after their last event.
 */
import { existsSync, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SessionApi } from '../api/methods/index.js';
import type { DeliveryInfo, DeviceDetails, ExportedValue } from '../api/shapes.js';
import { Backoff } from '../base/backoff.js';
import { privateDirectory, socketCandidates } from '../base/socket-location.js';
import { ClientError } from './errors.js';
import { EventStream } from './event-stream.js';
import { type ExportOptions, type ExportPage, exportPages } from './export-pages.js';
import { type CommandParams, followCommand } from './follow-command.js';
import { unixTransport } from './line-socket.js';
import { ResumePoint } from './resume-point.js';
import type { Params, Result } from './rpc-core.js';
import { SessionConnection } from './session-connection.js';
import type { Transport } from './transport.js';

export interface ConnectOptions {
  /** The gateway's Unix socket; default: `$MESHGATE_SOCKET` or the usual locations. */
  readonly socket?: string | undefined;
  /** A transport other than a Unix socket; `socket` is then ignored. */
  readonly transport?: Transport | undefined;
  /** Reconnect when the connection is lost; default: true. */
  readonly reconnect?: boolean;
  /** Closes the client when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the connection is lost and when it is restored. */
  readonly onConnectionChange?: (isConnected: boolean) => void;
}

export interface CallOptions {
  /** Rejects the call when it aborts; a request that was already sent is still carried out. */
  readonly signal?: AbortSignal | undefined;
}

export type SubscribeOptions = Params<'subscribe'> & {
  /** Ends the stream when it aborts. */
  readonly signal?: AbortSignal | undefined;
};

/** An image of a device, or the like. */
export type DeviceImage = Omit<Result<'image'>, 'data'> & { readonly data: Buffer };

/** A restarting gateway is back within about a second; one that is down need not be tried more often. */
const PAUSES = { firstMs: 100, longestMs: 5000 };
/** How long a call waits for a lost connection to be restored. */
const CALL_CONNECT_TIMEOUT_MS = 10_000;

interface OpenStream {
  readonly stream: EventStream;
  readonly params: Params<'subscribe'>;
  readonly point: ResumePoint;
  /** It has been started once: from then on it is resumed. */
  hasStarted: boolean;
}

/** Connects to the gateway. Rejects with `NOT_RUNNING` or `NO_PERMISSION`, or with the signal's reason. */
export async function connect(options: ConnectOptions = {}): Promise<MeshgateClient> {
  const { signal } = options;
  signal?.throwIfAborted();
  const transport = options.transport ?? unixTransport(findSocket(options.socket));
  const client = new MeshgateClient(transport, options);
  try {
    await client.open();
    signal?.throwIfAborted();
  } catch (error) {
    client.close();
    throw error;
  }
  return client;
}

/** The given socket, or the first that exists in the usual locations. */
export function findSocket(named?: string, env: NodeJS.ProcessEnv = process.env): string {
  const given = named ?? env.MESHGATE_SOCKET;
  if (given) return given;
  const candidates = socketCandidates(env);
  return candidates.find(isTrusted) ?? candidates[0] ?? '';
}

/** Anyone can create a directory in /tmp: a socket in another user's directory can't be trusted. */
function isTrusted(path: string): boolean {
  if (dirname(path) !== privateDirectory()) return existsSync(path);
  return existsSync(path) && lstatSync(dirname(path)).uid === process.getuid?.();
}

export class MeshgateClient {
  /** Path of the gateway's Unix socket, or the name of the transport. */
  readonly path: string;
  readonly #transport: Transport;
  readonly #reconnects: boolean;
  readonly #onConnectionChange: (isConnected: boolean) => void;
  readonly #streams = new Set<OpenStream>();
  #connection: SessionConnection | undefined;
  #reconnecting: Promise<void> | undefined;
  readonly #backoff = new Backoff(PAUSES);
  #endPause: () => void = () => {};
  #closedBy: ClientError | undefined;
  #forgetSignal: () => void;

  /** Use `connect`. */
  constructor(transport: Transport, { reconnect = true, onConnectionChange, signal }: ConnectOptions = {}) {
    this.#transport = transport;
    this.path = transport.name;
    this.#reconnects = reconnect;
    this.#onConnectionChange = onConnectionChange ?? (() => {});
    this.#forgetSignal = onAbort(signal, () => this.close());
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Opens a connection. Rejects with `NOT_RUNNING` or `NO_PERMISSION`. */
  async open(): Promise<void> {
    const connection = await SessionConnection.open(this.#transport, {
      onEvent: (subscription, event) => {
        const open = this.#findStream(subscription);
        open?.point.onReached(event.seq);
        open?.stream.push(event);
      },
      onGap: (subscription, { from, to }) => {
        const open = this.#findStream(subscription);
        open?.point.onReached(to);
        open?.stream.push({ kind: 'gap', from, to, where: 'connection' });
      },
      onClosing: (reason) => this.#onClosing(reason),
      onClosed: () => this.#onLost(),
    });
    if (this.#closedBy) {
      connection.close(this.#closedBy);
      return;
    }
    this.#connection = connection;
    for (const open of this.#streams) this.#start(open, connection);
  }

  /**
   * Calls a method of the session. Rejects with a `RequestError` if the gateway refuses, with a `ClientError` if there is
   * no connection or it is lost, or with the signal's reason.
   */
  async call<Name extends keyof SessionApi>(
    name: Name,
    params: Params<Name>,
    { signal }: CallOptions = {},
  ): Promise<Result<Name>> {
    signal?.throwIfAborted();
    let forgetSignal = () => {};
    const aborted = new Promise<never>((_, reject) => {
      forgetSignal = onAbort(signal, () => reject(signal?.reason));
    });
    return Promise.race([this.#request(name, params, signal), aborted]).finally(forgetSignal);
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

  devices(options?: CallOptions): Promise<Result<'devices'>> {
    return this.call('devices', {}, options);
  }

  /** One device: its values, its images, and its commands with their arguments. */
  device(device: number | string, options?: CallOptions): Promise<DeviceDetails> {
    return this.call('device', { device }, options);
  }

  /** The newest image of a device, or whatever else of which only the newest value is kept. */
  async image(device: number | string, type: number | string, options?: CallOptions): Promise<DeviceImage> {
    const { data, ...image } = await this.call('image', { device, type }, options);
    return { ...image, data: Buffer.from(data, 'base64') };
  }

  /**
   * Gives a device a command; resolves when the device has accepted it, or at the stage `until`. Rejects with a
   * `RequestError` if it fails.
   */
  command(params: Params<'command'>, options?: CallOptions): Promise<DeliveryInfo> {
    return this.call('command', params, options);
  }

  /**
   * Gives a device a command and yields each of its stages, the end included: `completed`, `aborted`, or `failed`, after
   * which it throws a `RequestError` with the code of the failure. The signal only stops the following.
   */
  followCommand(
    params: CommandParams,
    options: CallOptions = {},
  ): AsyncGenerator<DeliveryInfo, void, undefined> {
    return followCommand(this, params, options);
  }

  /** Aborts a command that is being carried out; the stage `aborted` follows. `delivery`: its id. */
  abort(delivery: string, options?: CallOptions): Promise<DeliveryInfo> {
    return this.call('abort', { delivery }, options);
  }

  /** `node`: address or name of a node, or id of a device. */
  node(node: number | string, options?: CallOptions): Promise<Result<'node'>> {
    return this.call('node', { node }, options);
  }

  /** `type`: name or id. Without `node`: of all nodes that have a value. */
  latest(type: number | string, node?: number | string, options?: CallOptions): Promise<Result<'latest'>> {
    return this.call('latest', { type, node }, options);
  }

  range(params: Params<'range'>, options?: CallOptions): Promise<Result<'range'>> {
    return this.call('range', params, options);
  }

  /** A node's values in buckets of `bucketMs`: minimum, maximum, mean and last of each field, and the number of values. */
  aggregate(params: Params<'aggregate'>, options?: CallOptions): Promise<Result<'aggregate'>> {
    return this.call('aggregate', params, options);
  }

  /**
   * All values in a time range, sorted by node, type id and time; each page is fetched when the previous one has been
   * used. Rejects like `call`.
   */
  async *exportValues(params: ExportOptions = {}): AsyncGenerator<ExportedValue, void, undefined> {
    for await (const { values } of this.exportPages(params)) yield* values;
  }

  /** The same in pages of `limit` values, each with the progress so far. */
  exportPages({ signal, ...params }: ExportOptions = {}): AsyncGenerator<ExportPage, void, undefined> {
    return exportPages((page) => this.call('export', page, { signal }), params);
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

  /** `node`: address or name. The node comes back when it is heard or listed by the root. */
  forget(node: number | string, options?: CallOptions): Promise<Result<'forget'>> {
    return this.call('forget', { node }, options);
  }

  /**
   * Events as they arrive, across lost connections: `for await (const event of client.subscribe({ … }))`. The stream
   * throws if the gateway refuses it or closes the client, and ends on `close` or by the signal.
   */
  subscribe({ signal, since, ...params }: SubscribeOptions = {}): EventStream {
    const stream = new EventStream(() => {
      forgetSignal();
      this.#forget(open);
    });
    const open: OpenStream = { stream, params, point: new ResumePoint(since), hasStarted: false };
    const forgetSignal = onAbort(signal, () => stream.end());
    if (this.#closedBy || signal?.aborted) {
      stream.end(this.#closedBy);
      return stream;
    }
    this.#streams.add(open);
    if (this.#connection) this.#start(open, this.#connection);
    return stream;
  }

  /** Closes the client: pending calls are rejected, streams end. */
  close(): void {
    this.#shut(new ClientError('CLOSED'));
  }

  async #request<Name extends keyof SessionApi>(
    name: Name,
    params: Params<Name>,
    signal: AbortSignal | undefined,
  ): Promise<Result<Name>> {
    const connection = this.#connection ?? (await this.#awaitConnection());
    signal?.throwIfAborted();
    return new Promise((onResult, onError) => connection.post(name, params, { onResult, onError }));
  }

  #findStream(subscription: string): OpenStream | undefined {
    for (const open of this.#streams) if (open.point.subscription === subscription) return open;
    return undefined;
  }

  /** Starts a stream on this connection, or resumes it after its last event. */
  #start(open: OpenStream, connection: SessionConnection): void {
    const since = open.point.seq;
    connection.post('subscribe', since === undefined ? open.params : { ...open.params, since }, {
      onResult: (result) => this.#onStarted(open, since, result),
      onError: (error) => {
        const isLost = error instanceof ClientError && error.code === 'CONNECTION_LOST';
        if (!isLost || !this.#reconnects) open.stream.end(error);
      },
    });
  }

  /** Runs while the reply is read: the events that follow immediately must find their stream. */
  #onStarted(open: OpenStream, since: number | undefined, result: Result<'subscribe'>): void {
    const { gone, snapshot } = result;
    if (!this.#streams.has(open)) {
      this.#unsubscribe(result.subscription);
      return;
    }
    open.point.onStarted(result, since);
    if (gone) open.stream.push({ kind: 'gap', ...gone, where: 'gateway' });
    if (snapshot && (gone || !open.hasStarted)) open.stream.push({ kind: 'snapshot', snapshot });
    open.hasStarted = true;
  }

  #forget(open: OpenStream): void {
    this.#streams.delete(open);
    const { subscription } = open.point;
    if (subscription !== undefined) this.#unsubscribe(subscription);
  }

  #unsubscribe(subscription: string): void {
    this.#connection?.post('unsubscribe', { subscription }, { onResult: () => {}, onError: () => {} });
  }

  /** A stopping gateway may come back; other reasons are fatal and reported to the program. */
  #onClosing(reason: string): void {
    if (reason === 'SLOW_READER' || reason === 'LINE_TOO_LONG') this.#shut(new ClientError(reason));
  }

  /** A gateway that accepts connections but never serves a request is retried as rarely as one that is down. */
  #onLost(): void {
    if (this.#connection?.hasServed) this.#backoff.reset();
    this.#connection = undefined;
    for (const { point } of this.#streams) point.onConnectionLost();
    if (this.#closedBy) return;
    this.#onConnectionChange(false);
    if (this.#reconnects) this.#reconnecting ??= this.#reconnect();
    else this.#shut(new ClientError('CONNECTION_LOST'));
  }

  async #reconnect(): Promise<void> {
    while (!this.#connection && !this.#closedBy) {
      await this.#pause(this.#backoff.nextMs());
      if (!this.#closedBy) await this.open().catch(() => {});
    }
    this.#reconnecting = undefined;
    if (this.#connection) this.#onConnectionChange(true);
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
    this.#forgetSignal();
    this.#endPause();
    this.#connection?.close(error);
    this.#connection = undefined;
    const failure = error.code === 'CLOSED' ? undefined : error;
    for (const { stream } of [...this.#streams]) stream.end(failure);
  }
}

/** Returns a function that removes the listener. */
function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  signal?.addEventListener('abort', run, { once: true });
  return () => signal?.removeEventListener('abort', run);
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
