/** The fleet dashboard: the page, `/fleet` with a summary of each gateway, and `/rpc?gateway=ID`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { HttpFace, type HttpFaceSettings, type OpenedWebsocket, refuse } from '../socket/web/http-face.js';
import type { Fleet } from './fleet.js';
import { Relay } from './relay.js';
import { Summaries } from './summary.js';

export interface MonitorSettings extends HttpFaceSettings {
  readonly outboxLimit: number;
}

export class FleetMonitor {
  readonly #fleet: Fleet;
  readonly #settings: MonitorSettings;
  readonly #summaries: Summaries;
  readonly #face: HttpFace<Relay>;

  /** `pageDirectory`: the directory of the dashboard's files. */
  constructor(fleet: Fleet, settings: MonitorSettings, pageDirectory: string, log: Log) {
    this.#fleet = fleet;
    this.#settings = settings;
    this.#summaries = new Summaries(fleet);
    this.#face = new HttpFace({
      clock: systemClock,
      log,
      settings,
      pageDirectory,
      serve: (path, request, response) => this.#serve(path, request, response),
      findWebsocket: (path, request) => this.#findGateway(path, request),
      open: (opened) => this.#open(opened),
    });
  }

  /**
   * Resolves with the port; port 0 lets the system choose. Rejects with the system's error, after which another port may
   * be tried.
   */
  listen(port?: number): Promise<number> {
    return this.#face.listen(port);
  }

  async stop(): Promise<void> {
    this.#summaries.close();
    const { closed } = await this.#face.stopAccepting();
    for (const relay of this.#face.clients) relay.cut();
    this.#face.cut();
    await closed;
  }

  async #serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (path === '/fleet') await this.#showFleet(request, response);
    else if (path === '/' && urlOf(request).search === '')
      response.writeHead(302, { location: '/?fleet' }).end();
    else return false;
    return true;
  }

  async #showFleet(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#face.roleOf(request)) {
      refuse(response, 401, 'authentication required: send a token in the Authorization header');
      return;
    }
    const gateways = await this.#summaries.read();
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify({ at: Date.now(), gateways }));
  }

  #findGateway(path: string, request: IncomingMessage) {
    const isKnown = this.#fleet.gateways().some(({ id }) => id === gatewayOf(request));
    return path === '/rpc' && isKnown ? { allowsLoopback: false } : undefined;
  }

  #open({ websocket, request, role }: OpenedWebsocket): Relay {
    return new Relay(websocket, {
      clock: systemClock,
      transport: this.#fleet.transport(gatewayOf(request)),
      access: this.#settings,
      role,
      outboxLimit: this.#settings.outboxLimit,
      admit: (relay) => this.#face.admit(relay),
      onEnd: (relay) => this.#face.remove(relay),
    });
  }
}

function gatewayOf(request: IncomingMessage): string {
  return urlOf(request).searchParams.get('gateway') ?? '';
}

function urlOf({ url }: IncomingMessage): URL {
  const path = url ?? '/';
  return URL.canParse(path, 'http://host') ? new URL(path, 'http://host') : new URL('http://host/none');
}
