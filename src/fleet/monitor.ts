/** The dashboard for all gateways of a fleet: the page, `/fleet` with what is known of each, `/rpc?gateway=ID`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { errorStack } from '../base/errors.js';
import { listenOn } from '../base/listen-near.js';
import type { Log } from '../base/log.js';
import { WaitingRoom } from '../socket/waiting-room.js';
import { RefusalLog } from '../socket/web/refusal-log.js';
import { CHECK_EVERY_MS, RequestConnections } from '../socket/web/request-connections.js';
import { SECURITY_HEADERS } from '../socket/web/security-headers.js';
import { StaticFiles } from '../socket/web/static-files.js';
import {
  type AccessSettings,
  isTrustedHost,
  isTrustedOrigin,
  roleOfHeader,
  roleWithoutToken,
} from '../socket/web/web-access.js';
import type { Fleet } from './fleet.js';
import { Relay } from './relay.js';
import { Summaries } from './summary.js';

export interface MonitorSettings extends AccessSettings {
  readonly host: string;
  readonly port: number;
  readonly outboxLimit: number;
  readonly maxClients: number;
}

const MAX_MESSAGE_LENGTH = 1_048_576;
const PING_EVERY_MS = 20_000;
/** Websockets at once that have shown no token; each has 5 s to do so, and beyond this number the oldest makes room. */
const MAX_WITHOUT_TOKEN = 64;

export class FleetMonitor {
  readonly #fleet: Fleet;
  readonly #settings: MonitorSettings;
  readonly #files: StaticFiles;
  readonly #summaries: Summaries;
  readonly #log: Log;
  readonly #refusals: RefusalLog;
  readonly #http = createServer({ connectionsCheckingInterval: CHECK_EVERY_MS }, (request, response) =>
    this.#onRequest(request, response),
  );
  readonly #websockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_LENGTH });
  readonly #withoutToken = new WaitingRoom<WebSocket>(MAX_WITHOUT_TOKEN, (oldest) => oldest.terminate());
  readonly #alive = new WeakSet<object>();
  #pings: ReturnType<typeof setInterval> | undefined;

  /** `pageDirectory`: of the dashboard's files. */
  constructor(fleet: Fleet, settings: MonitorSettings, pageDirectory: string, log: Log) {
    this.#fleet = fleet;
    this.#log = log;
    this.#refusals = new RefusalLog(log);
    this.#settings = settings;
    this.#files = new StaticFiles(pageDirectory);
    this.#summaries = new Summaries(fleet);
    new RequestConnections(this.#http);
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head));
  }

  /**
   * Resolves with the port, which the system chooses for port 0. Rejects with the system's error; another port may be
   * tried then.
   */
  async listen(port = this.#settings.port): Promise<number> {
    const bound = await listenOn(this.#http, { host: this.#settings.host, port });
    this.#http.on('error', (error) => this.#log.warn('http', error.message));
    this.#pings = setInterval(() => this.#pingAll(), PING_EVERY_MS);
    return bound;
  }

  async stop(): Promise<void> {
    clearInterval(this.#pings);
    this.#summaries.close();
    for (const socket of this.#websockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  /** Whatever goes wrong costs this request its answer, and is logged. */
  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    for (const stream of [request, response]) stream.on('error', () => {});
    this.#answer(request, response).catch((error: unknown) => {
      this.#log.error('failed request', errorStack(error));
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'internal error');
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const { pathname, search } = urlOf(request);
    if (!isTrustedHost(request.headers.host, this.#settings)) {
      this.#refusals.onForeignHost(request);
      refuse(response, 403, 'unknown host name');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'only GET and HEAD');
    } else if (pathname === '/fleet') await this.#tellFleet(request, response);
    else if (pathname === '/' && search === '') response.writeHead(302, { location: '/?fleet' }).end();
    else if (!this.#files.serve(pathname, request, response)) refuse(response, 404, 'no such page');
  }

  async #tellFleet(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#roleOf(request)) {
      refuse(response, 401, 'this page wants a token');
      return;
    }
    const gateways = await this.#summaries.read();
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify({ at: Date.now(), gateways }));
  }

  #roleOf(request: IncomingMessage) {
    return roleOfHeader(request, this.#settings) ?? roleWithoutToken(this.#settings);
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    try {
      const refusal = this.#whyRefused(request);
      if (refusal === undefined) this.#openWebsocket(request, socket, head);
      else refuseUpgrade(socket, refusal);
    } catch (error) {
      this.#log.error('failed upgrade', errorStack(error));
      socket.destroy();
    }
  }

  #openWebsocket(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#websockets.handleUpgrade(request, socket, head, (websocket) => {
      this.#websockets.emit('connection', websocket, request);
      this.#alive.add(websocket);
      websocket.on('pong', () => this.#alive.add(websocket));
      websocket.on('close', () => this.#withoutToken.delete(websocket));
      const role = this.#roleOf(request);
      new Relay(websocket, {
        transport: this.#fleet.transport(gatewayOf(request)),
        access: this.#settings,
        role,
        outboxLimit: this.#settings.outboxLimit,
        admit: () => this.#admit(websocket),
      });
      if (!role) this.#withoutToken.add(websocket);
    });
  }

  /** A client has shown a token: false where there is no room for it. */
  #admit(websocket: WebSocket): boolean {
    if (this.#isFull) return false;
    this.#withoutToken.delete(websocket);
    return true;
  }

  /** Those that have shown no token do not count. */
  get #isFull(): boolean {
    return this.#websockets.clients.size - this.#withoutToken.size >= this.#settings.maxClients;
  }

  /** The status line of a refusal; undefined for a client that may come in. */
  #whyRefused(request: IncomingMessage): string | undefined {
    const { pathname } = urlOf(request);
    const isKnown = this.#fleet.gateways().some(({ id }) => id === gatewayOf(request));
    if (pathname !== '/rpc' || !isKnown) return '404 Not Found';
    if (!isTrustedHost(request.headers.host, this.#settings)) {
      this.#refusals.onForeignHost(request);
      return '403 Forbidden';
    }
    if (!isTrustedOrigin(request, this.#settings)) {
      this.#refusals.onForeignOrigin(request);
      return '403 Forbidden';
    }
    if (request.headers.authorization !== undefined && !roleOfHeader(request, this.#settings))
      return '401 Unauthorized';
    return this.#roleOf(request) && this.#isFull ? '503 Service Unavailable' : undefined;
  }

  /** One that did not answer the last ping is gone. */
  #pingAll(): void {
    for (const socket of this.#websockets.clients) {
      if (!this.#alive.delete(socket)) socket.terminate();
      else socket.ping();
    }
  }
}

function gatewayOf(request: IncomingMessage): string {
  return urlOf(request).searchParams.get('gateway') ?? '';
}

function urlOf({ url }: IncomingMessage): URL {
  const path = url ?? '/';
  return URL.canParse(path, 'http://host') ? new URL(path, 'http://host') : new URL('http://host/none');
}

function refuseUpgrade(socket: Socket, refusal: string): void {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\n\r\n`);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
