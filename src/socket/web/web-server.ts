/**
 * The HTTP server: the dashboard page at `/`, websockets of existing dashboards at `/` too, the JSON-RPC session as a
 * websocket at `/rpc`, and what monitoring asks.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { type CancelTimer, type Clock, every } from '../../clock.js';
import { Counters } from '../../counters.js';
import type { Distribution } from '../../histogram.js';
import type { Log } from '../../log.js';
import type { Hub } from '../../network/hub.js';
import { ClientTotals } from '../client-tally.js';
import type { OpenTap } from '../client-tap.js';
import type { GatewayFacts } from '../session/method.js';
import type { ClientInfo } from '../session/shapes.js';
import { MAP_PICTURE_PATH, type MapPicture } from './map-picture.js';
import { Metrics } from './metrics/metrics.js';
import { Monitor, type MonitorGeneration } from './monitor.js';
import { Probes } from './probes.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { StaticFiles } from './static-files.js';
import {
  type AccessSettings,
  demandsToken,
  isTrustedHost,
  isTrustedOrigin,
  roleOfHeader,
  roleWithoutToken,
} from './web-access.js';
import { WEB_END_REASONS, WebClient, type WebEndReason } from './web-client.js';

export interface WebSettings extends AccessSettings {
  readonly host: string;
  readonly port: number;
  readonly generation: MonitorGeneration;
  readonly outboxLimit: number;
  readonly maxClients: number;
}

export interface WebParts {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  readonly tap?: OpenTap | undefined;
  readonly settings: WebSettings;
  readonly mapPicture: MapPicture;
  /** ms that commands waited to be written. */
  readonly sendWaits: () => Distribution;
  /** The folder of the dashboard's files. */
  readonly pageDirectory: string;
}

const PING_EVERY_MS = 20_000;
/** Bytes of the longest message: that of a line of the Unix socket. */
const MAX_MESSAGE_LENGTH = 1_048_576;
/** What a stopping gateway gives its clients to take what was sent to them. */
const STOP_TIMEOUT_MS = 500;
/** For a request to be there, its headers included; how often it is looked who takes longer. */
const REQUEST_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 2000;
/** Connections beside those of websockets: a browser opens six for a page. */
const PAGE_CONNECTIONS = 256;

const END_REASONS = Object.keys(WEB_END_REASONS) as WebEndReason[];

export class WebServer {
  readonly #parts: WebParts;
  readonly #http = createServer({ connectionsCheckingInterval: LOOK_EVERY_MS }, (request, response) =>
    this.#onRequest(request, response),
  );
  readonly #websockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_LENGTH });
  readonly #clients = new Set<WebClient>();
  readonly #ended = new Counters<WebEndReason>(END_REASONS);
  readonly #monitor: Monitor;
  readonly #files: StaticFiles;
  readonly #metrics: Metrics;
  readonly #probes: Probes;
  readonly #totals = new ClientTotals();
  #accepted = 0;
  #refused = 0;
  #cancelPing: CancelTimer = () => {};

  constructor(parts: WebParts) {
    this.#parts = parts;
    this.#files = new StaticFiles(parts.pageDirectory);
    this.#metrics = new Metrics(parts);
    this.#probes = new Probes({ ...parts, metrics: this.#metrics });
    this.#monitor = new Monitor({
      hub: parts.hub,
      clock: parts.clock,
      generation: parts.settings.generation,
      isListenerThere: () => parts.gateway.clients().listening > 0,
    });
    this.#http.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#http.headersTimeout = REQUEST_TIMEOUT_MS;
    this.#http.maxConnections = parts.settings.maxClients + PAGE_CONNECTIONS;
    this.#http.on('drop', () => {
      this.#refused++;
    });
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head));
  }

  get isListening(): boolean {
    return this.#http.listening;
  }

  /** Clients now: all, and those that have a session. */
  clients() {
    const clients = [...this.#clients];
    return { connected: clients.length, sessions: clients.filter(({ hasSession }) => hasSession).length };
  }

  /** Each client, in the order in which they came. */
  list(): ClientInfo[] {
    return [...this.#clients].map((client) => client.describe());
  }

  counters() {
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      ...this.clients(),
      ...this.#totals.with(this.list()),
      ended: this.#ended.snapshot(),
    };
  }

  /** Resolves with the port, which the system chooses for port 0. Rejects with the system's error. */
  listen(): Promise<number> {
    const { host, port } = this.#parts.settings;
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen({ host, port }, () => {
        this.#http.off('error', reject);
        this.#http.on('error', (error) => this.#parts.log.warn('http', error.message));
        this.#metrics.start();
        this.#cancelPing = every(this.#parts.clock, PING_EVERY_MS, () => this.#pingAll());
        resolve((this.#http.address() as AddressInfo).port);
      });
    });
  }

  /** Tokens, or what they allow, are others than before: what was allowed by them ends. */
  onAccessChanged(): void {
    for (const client of this.#clients) client.dismiss();
  }

  async stop(): Promise<void> {
    this.#cancelPing();
    this.#metrics.stop();
    this.#monitor.stop();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const client of this.#clients) client.stop();
    const cancel = this.#parts.clock.after(STOP_TIMEOUT_MS, () => {
      for (const client of this.#clients) client.cut();
      this.#http.closeAllConnections();
    });
    this.#http.closeIdleConnections();
    await closed;
    cancel();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const path = pathOf(request);
    if (!isTrustedHost(request.headers.host, this.#parts.settings))
      refuse(response, 403, 'unknown host name');
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      refuse(response, 405, 'only GET and HEAD');
    else if (!this.#serve(path, request, response)) refuse(response, 404, 'no such page');
  }

  #serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const { mapPicture, settings } = this.#parts;
    if (path === MAP_PICTURE_PATH) return mapPicture.serve(request, response, demandsToken(settings));
    return this.#probes.serve(path, request, response) || this.#files.serve(path, request, response);
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const refusal = this.#whyRefused(request);
    if (refusal) {
      this.#refused++;
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\n\r\n`);
      return;
    }
    this.#websockets.handleUpgrade(request, socket, head, (websocket) => {
      const purpose = pathOf(request) === '/rpc' ? 'session' : 'monitor';
      const { settings } = this.#parts;
      const name = `web client ${++this.#accepted}`;
      const client = new WebClient(websocket, socket, {
        ...this.#parts,
        name,
        tap: this.#parts.tap?.(name),
        access: settings,
        via: `web from ${socket.remoteAddress ?? '?'}`,
        role: roleOfHeader(request, settings) ?? roleWithoutToken(settings),
        outboxLimit: settings.outboxLimit,
        purpose,
        watch: (tell) => this.#monitor.add(tell),
        onEnd: (ended, reason) => this.#onEnd(ended, reason),
      });
      this.#clients.add(client);
    });
  }

  /** The status line of a refusal; undefined for a client that may come in. */
  #whyRefused(request: IncomingMessage): string | undefined {
    const { settings } = this.#parts;
    const path = pathOf(request);
    if (path !== '/' && path !== '/rpc') return '404 Not Found';
    if (!isTrustedHost(request.headers.host, settings)) return '403 Forbidden';
    if (!isTrustedOrigin(request, settings)) return '403 Forbidden';
    if (request.headers.authorization !== undefined && !roleOfHeader(request, settings))
      return '401 Unauthorized';
    return this.#clients.size >= settings.maxClients ? '503 Service Unavailable' : undefined;
  }

  #pingAll(): void {
    for (const client of this.#clients) client.ping();
  }

  #onEnd(client: WebClient, reason: WebEndReason): void {
    this.#clients.delete(client);
    this.#totals.add(client.describe());
    this.#ended.add(reason);
    if (reason === 'slowReader')
      this.#parts.log.warn(reason, `a web client was closed: ${WEB_END_REASONS[reason]}`);
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

function pathOf({ url }: IncomingMessage): string {
  return (url ?? '/').split('?')[0] ?? '/';
}
