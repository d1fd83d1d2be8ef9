/** Keeps the store current: connects, subscribes, resumes after the last event, and applies events in batches. */
import type { MeshEvent } from '../../api/shapes.js';
import { Backoff } from '../../base/backoff.js';
import { ResumePoint } from '../../client/resume-point.js';
import {
  type GapNotice,
  type MethodName,
  notConnected,
  type Params,
  RequestError,
  type Result,
  type Role,
} from '../api.js';
import { formatCount } from '../format.js';
import { RpcConnection } from '../rpc.js';
import { hostNow, setHostClock } from './clock.js';
import { EventBatch } from './event-batch.js';
import { NodeDetails } from './node-details.js';
import { Store } from './store.js';
import { Topic } from './topic.js';

/** `denied`: the gateway requires a token, or rejected the one it was sent. */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'denied';

const PAUSES = { firstMs: 250, longestMs: 5000 };
/** Events from before the page was opened, for the log and the trends. */
const BACKLOG = 2000;
/** Minimum time between snapshots: a slow page must not be slowed down further by them. */
const RESYNC_PAUSE_MS = 5000;

export class MeshSession {
  readonly store = new Store();
  readonly topic = new Topic();
  state: ConnectionState = 'connecting';
  /** When the data was last current, if the connection was lost; ms since the epoch, host clock. */
  updatedAt: number | undefined;
  role: Role = 'read';
  version = '';
  /** ms since the epoch, host clock. */
  startedAt: number | undefined;
  readonly #url: string;
  readonly #batch = new EventBatch(
    (events) => this.#apply(events),
    () => this.store.notify(),
  );
  readonly #details: NodeDetails;
  #token: string | undefined;
  #connection: RpcConnection | undefined;
  readonly #point = new ResumePoint();
  readonly #pause = new Backoff(PAUSES);
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  #resyncTimer: ReturnType<typeof setTimeout> | undefined;
  #resyncedAt = 0;

  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.#token = token;
    this.#details = new NodeDetails(this.store, {
      call: (name, params) => this.call(name, params),
      flush: () => {
        this.#batch.flush();
        this.#batch.schedule();
      },
    });
  }

  /** Opens the connection, without waiting for the end of a reconnect delay. */
  connect(token = this.#token): void {
    clearTimeout(this.#reconnectTimer);
    this.#token = token;
    if (this.state === 'denied') this.#setState('connecting');
    const connection = new RpcConnection(this.#url, {
      onOpen: () => void this.#begin(connection),
      onEvent: (subscription, event) => this.#onEvent(subscription, event),
      onGap: (subscription, gap) => this.#onGap(subscription, gap),
      onClosing: () => {},
      onClosed: () => this.#onClosed(connection),
    });
    this.#connection = connection;
  }

  /** Skips the reconnect delay: the page is visible again, or the network is back. */
  retryNow(): void {
    if (this.state !== 'lost' || this.#connection) return;
    this.#pause.reset();
    this.connect();
  }

  /** Rejects with a `RequestError` or a `ClientError`. */
  call<Name extends MethodName>(name: Name, params: Params<Name>): Promise<Result<Name>> {
    return this.#connection?.call(name, params) ?? Promise.reject(notConnected());
  }

  async #begin(connection: RpcConnection): Promise<void> {
    try {
      await this.#authenticate(connection);
      const [hello, status] = await Promise.all([
        connection.call('hello', {}),
        connection.call('status', {}),
      ]);
      this.role = hello.role;
      this.version = status.version;
      this.startedAt = status.startedAt;
      setHostClock(status.startedAt + status.uptimeMs);
      await this.#subscribe(connection, this.#point.seq ?? Math.max(0, status.seq - BACKLOG));
      this.#pause.reset();
      this.#setState('open');
    } catch (error) {
      if (error instanceof RequestError && error.code === 'UNAUTHORIZED') this.#setState('denied');
      connection.close();
    }
  }

  /** A gateway that requires no token has no such method; that is not an error. */
  async #authenticate(connection: RpcConnection): Promise<void> {
    if (this.#token === undefined) return;
    await connection.authenticate(this.#token).catch((error: unknown) => {
      if (!(error instanceof RequestError) || error.code !== 'UNKNOWN_METHOD') throw error;
    });
  }

  async #subscribe(connection: RpcConnection, since: number | undefined): Promise<void> {
    const result = await connection.call('subscribe', {
      snapshot: true,
      ...(since !== undefined && { since }),
    });
    this.#batch.flush();
    if (result.gone?.to === null) this.store.restartNumbering();
    else if (result.gone && this.#point.seq !== undefined)
      this.store.note(hostNow(), 'some events are missing here');
    this.#point.onStarted(result, since);
    if (result.snapshot) this.store.replaceAll(result.snapshot);
    this.#batch.schedule();
  }

  #onEvent(subscription: string, event: MeshEvent): void {
    if (subscription !== this.#point.subscription) return;
    this.#point.onReached(event.seq);
    this.#batch.add(event);
  }

  #apply(events: readonly MeshEvent[]): void {
    for (const event of events) {
      const wasUp = this.store.isLinkUp;
      this.store.apply(event);
      if (event.kind === 'node') this.#details.onNodeEvent(event);
      if (!wasUp && this.store.isLinkUp) this.#details.fetchAll();
    }
  }

  /** Coalesced values still arrive; anything that was dropped requires a new snapshot. */
  #onGap(subscription: string, { to, dropped }: GapNotice): void {
    if (subscription !== this.#point.subscription) return;
    this.#point.onReached(to);
    if (dropped === 0) return;
    this.store.note(hostNow(), `${formatCount(dropped, 'event')} dropped: this page could not keep up`);
    const pause = Math.max(0, this.#resyncedAt + RESYNC_PAUSE_MS - Date.now());
    this.#resyncTimer ??= setTimeout(() => void this.#resync(), pause);
  }

  async #resync(): Promise<void> {
    this.#resyncTimer = undefined;
    this.#resyncedAt = Date.now();
    const connection = this.#connection;
    const old = this.#point.subscription;
    if (!connection || old === undefined) return;
    try {
      await this.#subscribe(connection, undefined);
      await connection.call('unsubscribe', { subscription: old });
    } catch {
      connection.close();
    }
  }

  #onClosed(connection: RpcConnection): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#point.onConnectionLost();
    clearTimeout(this.#resyncTimer);
    this.#resyncTimer = undefined;
    if (this.state === 'denied') return;
    if (this.state === 'open') this.updatedAt = hostNow();
    this.#setState('lost');
    this.#reconnectTimer = setTimeout(
      () => this.connect(),
      this.#pause.nextMs() * (0.8 + 0.4 * Math.random()),
    );
  }

  #setState(state: ConnectionState): void {
    this.state = state;
    this.topic.notify();
  }
}
