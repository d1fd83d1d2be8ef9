/**
 * An HTTP server as gateway and fleet have it: who may come, the page, and websockets, each of which shows a token or is
 * one of a few that still have to.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_REQUEST_LENGTH } from '../../api/errors.js';
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
  /** Websockets at once, without those that have shown no token. */
  readonly maxClients: number;
}

/** One websocket's client. */
export interface FaceClient {
  /** Asks whether the client is still there; one that did not answer the last time is dropped. */
  ping(): void;
  /** Others need the room, and this client has shown no token yet. */
  displace(): void;
}

export interface OpenedWebsocket {
  readonly websocket: WebSocket;
  readonly socket: Socket;
  readonly request: IncomingMessage;
  /** Undefined until the client has shown a token. */
  readonly role: Role | undefined;
}

export interface HttpFaceOptions<Client extends FaceClient> {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: HttpFaceSettings;
  /** The folder of the dashboard's files; it may be missing. */
  readonly pageDirectory: string;
  /** Answers a GET or HEAD for a path of its own; false for others, where there may be a file. */
  readonly serve: (
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ) => boolean | Promise<boolean>;
  /** Undefined where there is no websocket; `allowsLoopback`: for any page of this machine. */
  readonly findWebsocket: (
    path: string,
    request: IncomingMessage,
  ) => { readonly allowsLoopback: boolean } | undefined;
  readonly open: (opened: OpenedWebsocket) => Client;
}

const PING_EVERY_MS = 20_000;
/** Websockets at once that have shown no token; each has 5 s to do so, and beyond this number the oldest makes room. */
const MAX_WITHOUT_TOKEN = 64;

export class HttpFace<Client extends FaceClient> {
  readonly clients: ReadonlySet<Client>;
  readonly #options: HttpFaceOptions<Client>;
  readonly #clients = new Set<Client>();
  /** Those of them that have shown no token. */
  readonly #withoutToken = new WaitingRoom<Client>(MAX_WITHOUT_TOKEN, (oldest) => oldest.displace());
  readonly #http = createServer({ connectionsCheckingInterval: CHECK_EVERY_MS }, (request, response) =>
    this.#onRequest(request, response),
  );
  readonly #websockets = new WebSocketServer({ noServer: true, maxPayload: MAX_REQUEST_LENGTH });
  readonly #files: PageFiles;
  readonly #refusals: RefusalLog;
  #refused = 0;
  #cancelPing: CancelTimer = () => {};

  constructor(options: HttpFaceOptions<Client>) {
    this.#options = options;
    this.clients = this.#clients;
    this.#files = new PageFiles(options.pageDirectory, options.log);
    this.#refusals = new RefusalLog(options.log);
    new RequestConnections(this.#http, () => {
      this.#refused++;
    });
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head));
  }

  get isListening(): boolean {
    return this.#http.listening;
  }

  /** Connections and websockets that were not let in. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Resolves with the port, which the system chooses for port 0. Rejects with the system's error; another port may be
   * tried then.
   */
  async listen(port = this.#options.settings.port): Promise<number> {
    const { clock, log, settings } = this.#options;
    const bound = await listenOn(this.#http, { host: settings.host, port });
    this.#http.on('error', (error) => log.warn('http', error.message));
    this.#cancelPing = every(clock, PING_EVERY_MS, () => this.#pingAll());
    return bound;
  }

  /** A client has shown a token: false where there is no room for it. */
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

  /** The settings have changed: what is still refused is logged again. */
  onAccessChanged(): void {
    this.#refusals.reset();
  }

  roleOf(request: IncomingMessage): Role | undefined {
    const { settings } = this.#options;
    return roleOfHeader(request, settings) ?? roleWithoutToken(settings);
  }

  /** Accepts nobody more. Resolves when all connections are over; websockets are their clients' owner's to end. */
  stop(): Promise<void> {
    this.#cancelPing();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeIdleConnections();
    return closed;
  }

  /** Ends at once what is being answered. */
  cut(): void {
    this.#http.closeAllConnections();
  }

  /** Whatever goes wrong costs this request its answer, and is logged; the others do not notice. */
  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    for (const stream of [request, response]) stream.on('error', () => {});
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
      refuse(response, 403, 'unknown host name');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'only GET and HEAD');
    } else if (await this.#options.serve(path, request, response)) {
      return;
    } else if (!(await this.#files.serve(path, request, response))) refuse(response, 404, 'no such page');
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

  /** The status line of a refusal; undefined for a client that may come in. */
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

  /** Those that have shown no token do not count. */
  get #isFull(): boolean {
    return this.#clients.size - this.#withoutToken.size >= this.#options.settings.maxClients;
  }

  #pingAll(): void {
    for (const client of this.#clients) client.ping();
  }
}

/** Ends a request with one line of text. */
export function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

function pathOf({ url }: IncomingMessage): string {
  return (url ?? '/').split('?')[0] ?? '/';
}
