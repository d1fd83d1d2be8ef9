/** A websocket of metas, one JSON text for each message: decodes and encodes, nothing else. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ClientInfo } from '../../api/shapes.js';
import { RateLimit } from '../../base/rate-limit.js';
import { BUSY_TEXT } from '../../codecs/dataforge/hv-messages.js';
import { mayDo, type Role } from '../../config/role.js';
import { TokenHandshake } from '../../socket/web/token-handshake.js';
import type { OpenedChannel, WebMember } from '../../socket/web/web-channels.js';
import type { WebEndReason } from '../../socket/web/web-end-reasons.js';
import type { ClientCounts } from './client-counts.js';
import { RATE } from './envelope-dialect.js';
import type { HardwareManager, Sender } from './hardware-manager.js';
import { Outlet } from './outlet.js';

export interface ChannelOptions {
  readonly manager: HardwareManager;
  /** Messages that may wait for a client. */
  readonly queue: number;
  readonly counts: ClientCounts;
}

/** Close codes of websockets: RFC 6455, section 7.4. */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_SERVICE_RESTART = 1012;
const NOTHING = Buffer.alloc(0);

export class ChannelClient implements WebMember {
  readonly hasSession = false;
  readonly #websocket: WebSocket;
  readonly #tcp: Socket;
  readonly #opened: OpenedChannel;
  readonly #options: ChannelOptions;
  readonly #outlet: Outlet;
  readonly #rate: RateLimit;
  readonly #connectedAt: number;
  readonly #handshake: TokenHandshake | undefined;
  #role: Role | undefined;
  #sender: Sender;
  #unsubscribe = () => {};
  #isAlive = true;
  #isEnded = false;
  /** Why the connection is being closed; `clientLeft` unless the gateway closes it. */
  #closedAs: WebEndReason = 'clientLeft';
  #tally = { messages: 0, dropped: 0 };

  constructor(opened: OpenedChannel, options: ChannelOptions) {
    const { websocket, socket, clock, role } = opened;
    this.#opened = opened;
    this.#options = options;
    this.#websocket = websocket;
    this.#tcp = socket;
    this.#connectedAt = clock.now();
    this.#rate = new RateLimit(clock, RATE);
    this.#sender = { name: opened.name, mayCommand: false };
    this.#outlet = this.#createOutlet();
    websocket.on('message', (data, isBinary) => this.#onMessage(isBinary ? undefined : String(data)));
    websocket.on('pong', () => {
      this.#isAlive = true;
    });
    websocket.on('error', () => this.#end('failed'));
    websocket.on('close', () => this.#end(this.#closedAs));
    if (role) this.#admit(role);
    else this.#handshake = this.#awaitToken();
  }

  describe(): ClientInfo {
    return {
      name: this.#opened.name,
      kind: this.#role ? 'webMonitor' : 'new',
      role: this.#role ?? null,
      connectedAt: this.#connectedAt,
      queuedBytes: this.#outlet.waitingBytes,
      sent: { messages: this.#tally.messages, bytes: this.#tcp.bytesWritten },
      dropped: this.#tally.dropped,
      coalesced: 0,
    };
  }

  ping(): void {
    if (!this.#isAlive) {
      this.#end('notAlive');
      return;
    }
    this.#isAlive = false;
    this.#websocket.ping();
  }

  displace(): void {
    this.#end(this.#closedAs === 'clientLeft' ? 'displaced' : this.#closedAs);
  }

  dismiss(): void {
    this.#closeAs('accessChanged', CLOSE_SERVICE_RESTART);
  }

  stop(): void {
    this.#closeAs('stopped', CLOSE_GOING_AWAY);
  }

  cut(): void {
    this.#end('stopped');
  }

  #createOutlet(): Outlet {
    const { queue, counts } = this.#options;
    return new Outlet({
      clock: this.#opened.clock,
      maxMessages: queue,
      encode: ({ text }) => text,
      write: (bytes, onWritten) => this.#websocket.send(bytes, { binary: false }, onWritten),
      onSent: () => {
        this.#tally.messages++;
      },
      onDropped: (count) => {
        this.#tally.dropped += count;
        counts.add('readingsDropped', count);
      },
      onSlow: () => this.#end('slowReader'),
    });
  }

  #awaitToken(): TokenHandshake {
    return new TokenHandshake(this.#websocket, {
      ...this.#opened,
      admit: () => this.#opened.admit(this),
      onRole: (role) => this.#admit(role),
      onRefused: (reason) => {
        this.#closedAs = reason;
      },
      onOver: (reason) => this.#end(reason),
    });
  }

  #admit(role: Role): void {
    this.#role = role;
    this.#sender = { name: this.#opened.name, mayCommand: mayDo(role, 'send') };
    this.#unsubscribe = this.#options.manager.subscribe((message) => this.#outlet.push(message));
  }

  /** `text`: undefined for a binary frame. */
  #onMessage(text: string | undefined): void {
    if (this.#isEnded || this.#closedAs !== 'clientLeft') return;
    if (this.#role) this.#take(text);
    else this.#handshake?.onMessage(text ?? '');
  }

  #take(text: string | undefined): void {
    const { manager, counts } = this.#options;
    counts.add('messages');
    if (!this.#rate.take()) {
      counts.add('tooFast');
      this.#outlet.push(manager.errorFor({ code: 8, description: `${BUSY_TEXT}: too many messages` }));
      return;
    }
    const parsed = text === undefined ? undefined : parse(text);
    if (parsed) {
      const size = parsed.size;
      const refusal = manager.offer({ meta: parsed.meta, data: NOTHING, size, from: this.#sender });
      if (refusal) this.#outlet.push(refusal);
      return;
    }
    counts.add(text === undefined ? 'notText' : 'notJson');
    const description =
      text === undefined ? 'a binary frame; send JSON as text' : 'the text is not valid JSON';
    this.#outlet.push(manager.errorFor({ code: 4, description }));
  }

  #closeAs(reason: WebEndReason, code: number): void {
    this.#closedAs = reason;
    this.#unsubscribe();
    this.#handshake?.close();
    this.#websocket.close(code);
  }

  #end(reason: WebEndReason): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#unsubscribe();
    this.#handshake?.close();
    this.#outlet.close();
    this.#websocket.terminate();
    this.#opened.onEnd(this, reason);
  }
}

function parse(text: string): { readonly meta: unknown; readonly size: number } | undefined {
  try {
    return { meta: JSON.parse(text), size: text.length };
  } catch {
    return undefined;
  }
}
