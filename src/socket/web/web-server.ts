/**
 * The HTTP server: the dashboard page at `/`, websockets of existing dashboards at `/` too, the JSON-RPC session as a
 * websocket at `/rpc`, and what monitoring asks.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { OpenTap } from '../../api/client-observer.js';
import { ClientTotals } from '../../api/client-tally.js';
import type { GatewayFacts } from '../../api/method.js';
import type { Role } from '../../api/role.js';
import type { ClientInfo } from '../../api/shapes.js';
import type { SharedLimits } from '../../api/shared-limits.js';
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { errorStack, errorText, systemErrorCode } from '../../base/errors.js';
import type { Distribution } from '../../base/histogram.js';
import { listenOn } from '../../base/listen-near.js';
import type { Log } from '../../base/log.js';
import type { Hub } from '../../hub/hub.js';
import { WaitingRoom } from '../waiting-room.js';
import { MAP_PICTURE_PATH, type MapPicture } from './map-picture.js';
import { Metrics } from './metrics/metrics.js';
import { Monitor, type MonitorGeneration } from './monitor.js';
import { Probes } from './probes.js';
import { RefusalLog } from './refusal-log.js';
import { CHECK_EVERY_MS, RequestConnections } from './request-connections.js';
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
  /** What clients of all sockets share. */
  readonly shared: SharedLimits;
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
/** Websockets at once that have shown no token; each has 5 s to do so, and beyond this number the oldest makes room. */
const MAX_WITHOUT_TOKEN = 64;

/** A person should know that the gateway closed a client for these. */
const WARNED: ReadonlySet<WebEndReason> = new Set([
  'slowReader',
  'tooMuchUnread',
  'tooMuchUnfinished',
  'displaced',
  'tooMany',
]);

const END_REASONS = Object.keys(WEB_END_REASONS) as WebEndReason[];

export class WebServer {
  readonly #parts: WebParts;
  readonly #http = createServer({ connectionsCheckingInterval: CHECK_EVERY_MS }, (request, response) =>
    this.#onRequest(request, response),
  );
  readonly #websockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_LENGTH });
  readonly #clients = new Set<WebClient>();
  /** Those of them that have shown no token. */
  readonly #withoutToken = new WaitingRoom<WebClient>(MAX_WITHOUT_TOKEN, (oldest) => oldest.displace());
  readonly #refusals: RefusalLog;
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
    this.#refusals = new RefusalLog(parts.log);
    new RequestConnections(this.#http, () => {
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

  /**
   * Resolves with the port, which the system chooses for port 0. Rejects with the system's error; another port may be
   * tried then.
   */
  async listen(port = this.#parts.settings.port): Promise<number> {
    const { host } = this.#parts.settings;
    const bound = await listenOn(this.#http, { host, port });
    this.#http.on('error', (error) => this.#parts.log.warn('http', error.message));
    this.#metrics.start();
    this.#cancelPing = every(this.#parts.clock, PING_EVERY_MS, () => this.#pingAll());
    return bound;
  }

  /** Tokens, or what they allow, are others than before: what was allowed by them ends. */
  onAccessChanged(): void {
    this.#refusals.reset();
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

  /** Whatever goes wrong costs this request its answer, and is logged; the others do not notice. */
  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    for (const stream of [request, response]) stream.on('error', () => {});
    this.#answer(request, response).catch((error: unknown) => {
      this.#parts.log.error(`failed ${pathOf(request)}`, `${pathOf(request)}: ${errorStack(error)}`);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'internal error');
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (!isTrustedHost(request.headers.host, this.#parts.settings)) {
      this.#refusals.onForeignHost(request);
      refuse(response, 403, 'unknown host name');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'only GET and HEAD');
    } else if (!(await this.#serve(pathOf(request), request, response)))
      refuse(response, 404, 'no such page');
  }

  async #serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (path === MAP_PICTURE_PATH) return this.#serveMap(request, response);
    return this.#probes.serve(path, request, response) || this.#files.serve(path, request, response);
  }

  async #serveMap(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { mapPicture, settings, log } = this.#parts;
    try {
      return await mapPicture.serve(request, response, demandsToken(settings));
    } catch (error) {
      if (systemErrorCode(error) === undefined || response.headersSent) throw error;
      log.warn('map picture', `the map's picture can not be read: ${errorText(error)}; check map.image`);
      return false;
    }
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    try {
      const refusal = this.#whyRefused(request);
      if (refusal === undefined) this.#openWebsocket(request, socket, head);
      else this.#refuseUpgrade(socket, refusal);
    } catch (error) {
      this.#parts.log.error('failed upgrade', `${pathOf(request)}: ${errorStack(error)}`);
      socket.destroy();
    }
  }

  #refuseUpgrade(socket: Socket, refusal: string): void {
    this.#refused++;
    socket.once('finish', () => socket.destroy());
    socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\n\r\n`);
  }

  #openWebsocket(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#websockets.handleUpgrade(request, socket, head, (websocket) => {
      const purpose = pathOf(request) === '/rpc' ? 'session' : 'monitor';
      const { settings } = this.#parts;
      const name = `web client ${++this.#accepted}`;
      const role = this.#roleOf(request);
      const client = new WebClient(websocket, socket, {
        ...this.#parts,
        name,
        tap: this.#parts.tap?.(name),
        access: settings,
        via: `web from ${socket.remoteAddress ?? '?'}`,
        role,
        outboxLimit: settings.outboxLimit,
        purpose,
        watch: (send, tally) => this.#monitor.add(send, tally),
        admit: (admitted) => this.#admit(admitted),
        onEnd: (ended, reason) => this.#onEnd(ended, reason),
      });
      this.#clients.add(client);
      if (!role) this.#withoutToken.add(client);
    });
  }

  #roleOf(request: IncomingMessage): Role | undefined {
    const { settings } = this.#parts;
    return roleOfHeader(request, settings) ?? roleWithoutToken(settings);
  }

  /** A client has shown a token. */
  #admit(client: WebClient): boolean {
    if (this.#isFull) return false;
    this.#withoutToken.delete(client);
    return true;
  }

  /** Those that have shown no token do not count. */
  get #isFull(): boolean {
    return this.#clients.size - this.#withoutToken.size >= this.#parts.settings.maxClients;
  }

  /** The status line of a refusal; undefined for a client that may come in. */
  #whyRefused(request: IncomingMessage): string | undefined {
    const { settings } = this.#parts;
    const path = pathOf(request);
    if (path !== '/' && path !== '/rpc') return '404 Not Found';
    if (!isTrustedHost(request.headers.host, settings)) {
      this.#refusals.onForeignHost(request);
      return '403 Forbidden';
    }
    // There are no commands at `/`.
    if (!isTrustedOrigin(request, settings, { allowsLoopback: path === '/' })) {
      this.#refusals.onForeignOrigin(request);
      return '403 Forbidden';
    }
    if (request.headers.authorization !== undefined && !roleOfHeader(request, settings))
      return '401 Unauthorized';
    return this.#roleOf(request) && this.#isFull ? '503 Service Unavailable' : undefined;
  }

  #pingAll(): void {
    for (const client of this.#clients) client.ping();
  }

  #onEnd(client: WebClient, reason: WebEndReason): void {
    this.#clients.delete(client);
    this.#withoutToken.delete(client);
    this.#totals.add(client.describe());
    this.#ended.add(reason);
    if (WARNED.has(reason))
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
