/**
 * The HTTP server of gateway and fleet: access control, the dashboard page, and websockets, with a limit on those that
 * have not authenticated yet.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_REQUEST_LENGTH } from '../../api/errors.js';
import { acceptQueued } from '../../base/accept-queue.js';
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import { errorStack } from '../../base/errors.js';
import { listenOn } from '../../base/listen-near.js';
import type { Log } from '../../base/log.js';
import type { Role } from '../../config/role.js';
import { WaitingRoom } from '../waiting-room.js';
import { PageFiles } from './page-files.js';
import { RefusalLog } from './refusal-log.js';
import { CHECK_EVERY_MS, RequestConnections } from './request-connections.js';
import { SECURITY_HEADERS } from './security-headers.js';
import {
  type AccessSettings,
  isTrustedHost,
  isTrustedOrigin,
  roleOfHeader,
  roleWithoutToken,
} from './web-access.js';

export interface HttpFaceSettings extends AccessSettings {
  readonly host: string;
  readonly port: number;
  /** Concurrent websockets, not counting those that have not authenticated. */
  readonly maxClients: number;
}

/** One websocket's client. */
export interface FaceClient {
  /** Pings the client; drops it if it did not answer the previous ping. */
  ping(): void;
  /** Closes the client to make room: it has not authenticated yet. */
  displace(): void;
}

export interface OpenedWebsocket {
  readonly websocket: WebSocket;
  readonly socket: Socket;
  readonly request: IncomingMessage;
  /** Undefined until the client has authenticated. */
  readonly role: Role | undefined;
}

export interface HttpFaceOptions<Client extends FaceClient> {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: HttpFaceSettings;
  /** The folder of the dashboard's files; it may be missing. */
  readonly pageDirectory: string;
  /** Answers a GET or HEAD for one of its own paths; false for others, which may be files. */
  readonly serve: (
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ) => boolean | Promise<boolean>;
  /** Undefined if the path has no websocket; `allowsLoopback`: open to any page from this machine. */
  readonly findWebsocket: (
    path: string,
    request: IncomingMessage,
  ) => { readonly allowsLoopback: boolean } | undefined;
  readonly open: (opened: OpenedWebsocket) => Client;
}

const PING_EVERY_MS = 20_000;
/** Concurrent websockets that have not authenticated; each has 5 s to do so, and beyond this number the oldest makes room. */
const MAX_WITHOUT_TOKEN = 64;

export class HttpFace<Client extends FaceClient> {
  readonly clients: ReadonlySet<Client>;
  readonly #options: HttpFaceOptions<Client>;
  readonly #clients = new Set<Client>();
  /** Those that have not authenticated. */
  readonly #withoutToken = new WaitingRoom<Client>(MAX_WITHOUT_TOKEN, (oldest) => oldest.displace());
  readonly #http = createServer({ connectionsCheckingInterval: CHECK_EVERY_MS });
  readonly #websockets = new WebSocketServer({ noServer: true, maxPayload: MAX_REQUEST_LENGTH });
  readonly #files: PageFiles;
  readonly #refusals: RefusalLog;
  #refused = 0;
  #isStopping = false;
  #cancelPing: CancelTimer = () => {};

  constructor(options: HttpFaceOptions<Client>) {
    this.#options = options;
    this.clients = this.#clients;
    this.#files = new PageFiles(options.pageDirectory, options.log);
    this.#refusals = new RefusalLog(options.log);
    new RequestConnections(this.#http, () => {
      this.#refused++;
    });
    this.#http.on('request', (request, response) => this.#onRequest(request, response));
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head));
  }

  get isListening(): boolean {
    return this.#http.listening;
  }

  /** Connections and websockets that were refused. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Resolves with the port; port 0 lets the system choose one. Rejects with the system's error; the caller may then try
   * another port.
   */
  async listen(port = this.#options.settings.port): Promise<number> {
    const { clock, log, settings } = this.#options;
    const bound = await listenOn(this.#http, { host: settings.host, port });
    this.#http.on('error', (error) => log.warn('http', error.message));
    this.#cancelPing = every(clock, PING_EVERY_MS, () => this.#pingAll());
    return bound;
  }

  /** A client has authenticated: false if there is no room for it. */
  admit(client: Client): boolean {
    if (this.#isFull) return false;
    this.#withoutToken.delete(client);
    return true;
  }

  /** A client's connection is over. */
  remove(client: Client): void {
    this.#clients.delete(client);
    this.#withoutToken.delete(client);
  }

  /** The settings have changed: log again what is still refused. */
  onAccessChanged(): void {
    this.#refusals.reset();
  }

  roleOf(request: IncomingMessage): Role | undefined {
    const { settings } = this.#options;
    return roleOfHeader(request, settings) ?? roleWithoutToken(settings);
  }

  /**
   * Accepts the connections that are queued, then no more. Resolves with a promise for the end of all connections; the
   * owner of the websockets' clients closes those.
   */
  async stopAccepting(): Promise<{ readonly closed: Promise<void> }> {
    this.#cancelPing();
    this.#isStopping = true;
    const admit = await acceptQueued(this.#http);
    // Also closes idle connections.
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    admit();
    return { closed };
  }

  /** Closes the connections that are being answered. */
  cut(): void {
    this.#http.closeAllConnections();
  }

  /** A failure is logged and costs only this request its answer. */
  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    // The rest of a packet from a client that was disconnected.
    if (request.socket.destroyed) return;
    for (const stream of [request, response]) stream.on('error', () => {});
    if (this.#isStopping) response.setHeader('connection', 'close');
    const path = pathOf(request);
    this.#answer(path, request, response).catch((error: unknown) => {
      this.#options.log.error(`failed ${path}`, `${path}: ${errorStack(error)}`);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'internal error');
    });
  }

  async #answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (!isTrustedHost(request.headers.host, this.#options.settings)) {
      this.#refusals.onForeignHost(request);
      refuse(response, 403, 'host name not allowed');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'method not allowed: use GET or HEAD');
    } else if (await this.#options.serve(path, request, response)) {
      return;
    } else if (!(await this.#files.serve(path, request, response))) refuse(response, 404, 'not found');
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const path = pathOf(request);
    try {
      const refusal = this.#whyRefused(path, request);
      if (refusal === undefined) this.#openWebsocket(request, socket, head);
      else this.#refuseUpgrade(socket, refusal);
    } catch (error) {
      this.#options.log.error('failed upgrade', `${path}: ${errorStack(error)}`);
      socket.destroy();
    }
  }

  #openWebsocket(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#websockets.handleUpgrade(request, socket, head, (websocket) => {
      const role = this.roleOf(request);
      const client = this.#options.open({ websocket, socket, request, role });
      this.#clients.add(client);
      if (!role) this.#withoutToken.add(client);
    });
  }

  #refuseUpgrade(socket: Socket, refusal: string): void {
    this.#refused++;
    socket.once('finish', () => socket.destroy());
    socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\n\r\n`);
  }

  /** The status line of a refusal; undefined if the client is accepted. */
  #whyRefused(path: string, request: IncomingMessage): string | undefined {
    const { settings, findWebsocket } = this.#options;
    const found = findWebsocket(path, request);
    if (!found) return '404 Not Found';
    if (!isTrustedHost(request.headers.host, settings)) {
      this.#refusals.onForeignHost(request);
      return '403 Forbidden';
    }
    if (!isTrustedOrigin(request, settings, found)) {
      this.#refusals.onForeignOrigin(request);
      return '403 Forbidden';
    }
    if (request.headers.authorization !== undefined && !roleOfHeader(request, settings))
      return '401 Unauthorized';
    return this.roleOf(request) && this.#isFull ? '503 Service Unavailable' : undefined;
  }

  /** Clients that have not authenticated do not count. */
  get #isFull(): boolean {
    return this.#clients.size - this.#withoutToken.size >= this.#options.settings.maxClients;
  }

  #pingAll(): void {
    for (const client of this.#clients) client.ping();
  }
}

/** Answers a request with one line of text. */
export function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

function pathOf({ url }: IncomingMessage): string {
  return (url ?? '/').split('?')[0] ?? '/';
}
