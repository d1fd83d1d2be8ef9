/** The dashboard for all gateways of a fleet: the page, `/fleet` with what is known of each, `/rpc?gateway=ID`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
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
const REQUEST_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 20_000;

export class FleetMonitor {
  readonly #fleet: Fleet;
  readonly #settings: MonitorSettings;
  readonly #files: StaticFiles;
  readonly #summaries: Summaries;
  readonly #http = createServer((request, response) => this.#onRequest(request, response));
  readonly #websockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_LENGTH });
  readonly #alive = new WeakSet<object>();
  #pings: ReturnType<typeof setInterval> | undefined;

  /** `pageDirectory`: of the dashboard's files. */
  constructor(fleet: Fleet, settings: MonitorSettings, pageDirectory: string) {
    this.#fleet = fleet;
    this.#settings = settings;
    this.#files = new StaticFiles(pageDirectory);
    this.#summaries = new Summaries(fleet);
    this.#http.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head));
  }

  /** Resolves with the port, which the system chooses for port 0. Rejects with the system's error. */
  listen(): Promise<number> {
    const { host, port } = this.#settings;
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen({ host, port }, () => {
        this.#pings = setInterval(() => this.#pingAll(), PING_EVERY_MS);
        resolve((this.#http.address() as AddressInfo).port);
      });
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#pings);
    this.#summaries.close();
    for (const socket of this.#websockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const { pathname, search } = urlOf(request);
    if (!isTrustedHost(request.headers.host, this.#settings)) refuse(response, 403, 'unknown host name');
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      refuse(response, 405, 'only GET and HEAD');
    else if (pathname === '/fleet') void this.#tellFleet(request, response);
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
    const refusal = this.#whyRefused(request);
    if (refusal) {
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\n\r\n`);
      return;
    }
    this.#websockets.handleUpgrade(request, socket, head, (websocket) => {
      this.#websockets.emit('connection', websocket, request);
      this.#alive.add(websocket);
      websocket.on('pong', () => this.#alive.add(websocket));
      new Relay(websocket, {
        transport: this.#fleet.transport(gatewayOf(request)),
        access: this.#settings,
        role: this.#roleOf(request),
        outboxLimit: this.#settings.outboxLimit,
      });
    });
  }

  /** The status line of a refusal; undefined for a client that may come in. */
  #whyRefused(request: IncomingMessage): string | undefined {
    const { pathname } = urlOf(request);
    const isKnown = this.#fleet.gateways().some(({ id }) => id === gatewayOf(request));
    if (pathname !== '/rpc' || !isKnown) return '404 Not Found';
    if (!isTrustedHost(request.headers.host, this.#settings)) return '403 Forbidden';
    if (!isTrustedOrigin(request, this.#settings)) return '403 Forbidden';
    if (request.headers.authorization !== undefined && !roleOfHeader(request, this.#settings))
      return '401 Unauthorized';
    return this.#websockets.clients.size >= this.#settings.maxClients ? '503 Service Unavailable' : undefined;
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

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
