/**
 * The HTTP server: the dashboard page at `/`, websockets for existing dashboards also at `/`, the JSON-RPC session as a
 * websocket at `/rpc`, and the endpoints for monitoring.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenObserver } from '../../api/client-observer.js';
import { ClientTotals } from '../../api/client-tally.js';
import type { GatewayFacts } from '../../api/method.js';
import type { ClientInfo } from '../../api/shapes.js';
import type { SharedLimits } from '../../api/shared-limits.js';
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { errorText, systemErrorCode } from '../../base/errors.js';
import type { Distribution } from '../../base/histogram.js';
import type { Log } from '../../base/log.js';
import type { Hub } from '../../hub/hub.js';
import type { CounterMetric } from '../../hub/manifest.js';
import { HttpFace, type HttpFaceSettings, type OpenedWebsocket } from './http-face.js';
import { MAP_PICTURE_PATH, type MapPicture } from './map-picture.js';
import { Metrics } from './metrics/metrics.js';
import { Monitor, type MonitorGeneration } from './monitor.js';
import { Probes } from './probes.js';
import { requiresToken } from './web-access.js';
import type { WebChannels, WebMember } from './web-channels.js';
import { WebClient } from './web-client.js';
import { WEB_END_REASONS, type WebEndReason } from './web-end-reasons.js';

export interface WebSettings extends HttpFaceSettings {
  readonly generation: MonitorGeneration;
  readonly outboxLimit: number;
}

export interface WebServerOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer?: OpenObserver | undefined;
  readonly settings: WebSettings;
  /** Shared by clients of all sockets. */
  readonly shared: SharedLimits;
  readonly mapPicture: MapPicture;
  /** Metric names for counters of connectors. */
  readonly counterMetrics?: readonly CounterMetric[];
  /** Times that commands waited to be written, in ms. */
  readonly sendWaits: () => Distribution;
  /** The folder of the dashboard's files. */
  readonly pageDirectory: string;
  /** Websockets of connectors. */
  readonly channels?: WebChannels | undefined;
}

/** Time for clients to read their last output when the gateway stops. */
const STOP_TIMEOUT_MS = 500;

/** Reasons that are logged as warnings. */
const WARNED: ReadonlySet<WebEndReason> = new Set([
  'slowReader',
  'tooMuchUnread',
  'tooMuchUnfinished',
  'displaced',
  'tooMany',
]);

const END_REASONS = Object.keys(WEB_END_REASONS) as WebEndReason[];

export class WebServer {
  readonly #options: WebServerOptions;
  readonly #face: HttpFace<WebMember>;
  readonly #ended = new Counters<WebEndReason>(END_REASONS);
  readonly #monitor: Monitor;
  readonly #metrics: Metrics;
  readonly #probes: Probes;
  readonly #totals = new ClientTotals();
  #accepted = 0;

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.#metrics = new Metrics(options);
    this.#probes = new Probes({ ...options, metrics: this.#metrics });
    this.#monitor = new Monitor({
      hub: options.hub,
      clock: options.clock,
      generation: options.settings.generation,
      hasListener: () => options.gateway.clients().listening > 0,
    });
    this.#face = new HttpFace({
      ...options,
      serve: (path, request, response) => this.#serve(path, request, response),
      findWebsocket: (path) => this.#findWebsocket(path),
      open: (opened) => this.#open(opened),
    });
  }

  get isListening(): boolean {
    return this.#face.isListening;
  }

  /** Numbers of current clients: all, and sessions. */
  clients() {
    const clients = [...this.#face.clients];
    return { connected: clients.length, sessions: clients.filter(({ hasSession }) => hasSession).length };
  }

  /** All clients in order of connection. */
  list(): ClientInfo[] {
    return [...this.#face.clients].map((client) => client.describe());
  }

  counters() {
    return {
      accepted: this.#accepted,
      refused: this.#face.refused,
      ...this.clients(),
      ...this.#totals.with(this.list()),
      ended: this.#ended.snapshot(),
    };
  }

  /**
   * Resolves with the port; port 0 lets the system choose one. Rejects with the system's error; the caller may then try
   * another port.
   */
  async listen(port?: number): Promise<number> {
    const bound = await this.#face.listen(port);
    this.#metrics.start();
    return bound;
  }

  /** Tokens or their roles have changed: closes all clients. */
  onAccessChanged(): void {
    this.#face.onAccessChanged();
    for (const client of this.#face.clients) client.dismiss();
  }

  async stop(): Promise<void> {
    this.#metrics.stop();
    this.#monitor.stop();
    const { closed } = await this.#face.stopAccepting();
    for (const client of this.#face.clients) client.stop();
    const cancel = this.#options.clock.after(STOP_TIMEOUT_MS, () => {
      for (const client of this.#face.clients) client.cut();
      this.#face.cut();
    });
    await closed;
    cancel();
  }

  async #serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (path === MAP_PICTURE_PATH) return this.#serveMap(request, response);
    return this.#probes.serve(path, request, response);
  }

  async #serveMap(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { mapPicture, settings, log } = this.#options;
    try {
      return await mapPicture.serve(request, response, requiresToken(settings));
    } catch (error) {
      if (systemErrorCode(error) === undefined || response.headersSent) throw error;
      log.warn('map picture', `can't read the image of the map: ${errorText(error)}; check map.image`);
      return false;
    }
  }

  /** There are no commands at `/`. */
  #findWebsocket(path: string): { readonly allowsLoopback: boolean } | undefined {
    const isKnown = path === '/' || path === '/rpc' || this.#options.channels?.find(path) !== undefined;
    return isKnown ? { allowsLoopback: path === '/' } : undefined;
  }

  #open(opened: OpenedWebsocket): WebMember {
    const { settings, clock, channels } = this.#options;
    const name = `web client ${++this.#accepted}`;
    const openChannel = channels?.find(pathOf(opened.request));
    if (!openChannel) return this.#openClient(opened, name);
    return openChannel({
      ...opened,
      name,
      clock,
      access: settings,
      admit: (admitted) => this.#face.admit(admitted),
      onEnd: (ended, reason) => this.#onEnd(ended, reason),
    });
  }

  #openClient({ websocket, socket, request, role }: OpenedWebsocket, name: string): WebClient {
    const { settings, observer } = this.#options;
    return new WebClient(websocket, socket, {
      ...this.#options,
      name,
      observer: observer?.(name),
      access: settings,
      via: `web from ${socket.remoteAddress ?? '?'}`,
      role,
      outboxLimit: settings.outboxLimit,
      purpose: pathOf(request) === '/rpc' ? 'session' : 'monitor',
      watch: (send, tally) => this.#monitor.add(send, tally),
      admit: (admitted) => this.#face.admit(admitted),
      onEnd: (ended, reason) => this.#onEnd(ended, reason),
    });
  }

  #onEnd(client: WebMember, reason: WebEndReason): void {
    this.#face.remove(client);
    this.#totals.add(client.describe());
    this.#ended.add(reason);
    if (WARNED.has(reason))
      this.#options.log.warn(reason, `a web client was closed: ${WEB_END_REASONS[reason]}`);
  }
}

function pathOf({ url }: IncomingMessage): string {
  return (url ?? '/').split('?')[0] ?? '/';
}
