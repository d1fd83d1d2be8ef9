/** The HV server's own page and its websocket `/channel`, on a port of this machine. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import type { Log } from '../../base/log.js';
import { HttpFace, type OpenedWebsocket } from '../../socket/web/http-face.js';
import type { OpenChannel, WebMember } from '../../socket/web/web-channels.js';
import { WEB_END_REASONS, type WebEndReason } from '../../socket/web/web-end-reasons.js';
import { PAGE_FILES } from './page.js';

export interface ChannelServerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly host: string;
  readonly port: number;
  readonly maxClients: number;
  readonly open: OpenChannel;
}

/** Time for clients to read their last output when the gateway stops. */
const STOP_TIMEOUT_MS = 500;
const END_REASONS = Object.keys(WEB_END_REASONS) as WebEndReason[];

export class ChannelServer {
  readonly #options: ChannelServerOptions;
  readonly #face: HttpFace<WebMember>;
  readonly #ended = new Counters<WebEndReason>(END_REASONS);
  readonly #access;
  #accepted = 0;

  constructor(options: ChannelServerOptions) {
    const { host, port, maxClients } = options;
    this.#options = options;
    this.#access = { host, port, maxClients, origins: [], readOnly: false, isPublic: false };
    this.#face = new HttpFace({
      ...options,
      settings: this.#access,
      pageDirectory: '',
      serve: servePage,
      findWebsocket: (path) => (path === '/channel' ? { allowsLoopback: false } : undefined),
      open: (opened) => this.#open(opened),
    });
  }

  counters() {
    const { refused, clients, isListening } = this.#face;
    const ended = this.#ended.snapshot();
    return { listening: isListening, accepted: this.#accepted, connected: clients.size, refused, ended };
  }

  /** Rejects with the system's error. Resolves with the port. */
  listen(): Promise<number> {
    return this.#face.listen();
  }

  async stop(): Promise<void> {
    const { closed } = await this.#face.stopAccepting();
    for (const client of this.#face.clients) client.stop();
    const cancel = this.#options.clock.after(STOP_TIMEOUT_MS, () => {
      for (const client of this.#face.clients) client.cut();
      this.#face.cut();
    });
    await closed;
    cancel();
  }

  #open(opened: OpenedWebsocket): WebMember {
    const { open, clock } = this.#options;
    return open({
      ...opened,
      name: `channel ${++this.#accepted}`,
      clock,
      access: this.#access,
      admit: (admitted) => this.#face.admit(admitted),
      onEnd: (ended, reason) => {
        this.#face.remove(ended);
        this.#ended.add(reason);
      },
    });
  }
}

function servePage(path: string, request: IncomingMessage, response: ServerResponse): boolean {
  const file = PAGE_FILES[path];
  if (!file) return false;
  response.writeHead(200, {
    'content-type': file.type,
    'content-length': file.bytes.length,
    'cache-control': 'no-cache',
  });
  response.end(request.method === 'HEAD' ? undefined : file.bytes);
  return true;
}
