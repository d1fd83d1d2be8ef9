/** The data server of one section: two broadcast ports and a request port, on this machine only. */
import { SharedLimits } from '../../api/shared-limits.js';
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { encodePacket } from '../../codecs/hev/packet.js';
import type { HevPlace } from '../../config/sections/hev.js';
import type { Hub } from '../../hub/hub.js';
import type { DialectType } from '../../socket/connection.js';
import { KeptListener } from '../../socket/keep-listening.js';
import { ClientListener } from '../../socket/listener.js';
import { broadcastDialect } from './broadcast-dialect.js';
import type { HevMode, SendPacket } from './mode.js';
import { requestDialect } from './request-dialect.js';
import { createFaultCounts, createServerCounts } from './server-counts.js';
import { shapePacket } from './shape.js';

export interface HevServerOptions {
  readonly place: HevPlace;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Log;
  readonly createMode: (send: SendPacket) => HevMode;
}

/** For a request, from the connection to its NUL. */
const REQUEST_TIMEOUT_MS = 5000;
/** A request connection is short, so more of them are admitted than clients of a broadcast port. */
const REQUESTS_PER_CLIENT = 4;
/** Bytes that may be queued for a client in other ways than by its own outlet: its one reply. */
const OUTBOX_LIMIT = 65_536;
const KEEPALIVE = encodePacket({ type: 'keepalive' });

interface Port {
  readonly name: 'web' | 'request' | 'native';
  readonly port: number;
  readonly clients: ClientListener;
  readonly kept: KeptListener;
}

export class HevServer {
  readonly #options: HevServerOptions;
  readonly #mode: HevMode;
  readonly #counts = createServerCounts();
  readonly #faults = createFaultCounts();
  readonly #subscribers = new Set<(packet: Buffer) => void>();
  readonly #ports: readonly Port[];
  /** Addresses that could not be listened on: each raises one alarm. */
  readonly #taken = new Set<string>();
  #wasSent = false;
  #cancelKeepalive: CancelTimer = () => {};

  constructor(options: HevServerOptions) {
    this.#options = options;
    this.#mode = options.createMode((type, body) => this.#send(type, body));
    this.#ports = this.#createPorts();
  }

  counters() {
    const ofPorts = this.#ports.map(({ name, clients }) => [name, clients.counters()]);
    return {
      ...this.#counts.snapshot(),
      ...this.#mode.counters(),
      listening: this.#ports.filter(({ kept }) => kept.isOpen).length,
      nacksBy: this.#faults.snapshot(),
      ...Object.fromEntries(ofPorts),
    };
  }

  start(): void {
    const { clock, place } = this.#options;
    this.#mode.start();
    for (const { kept } of this.#ports) kept.start();
    const { keepalive_ms } = place.table;
    if (keepalive_ms > 0) this.#cancelKeepalive = every(clock, keepalive_ms, () => this.#keepAlive());
  }

  async stop(): Promise<void> {
    this.#cancelKeepalive();
    this.#mode.stop();
    for (const { kept } of this.#ports) kept.stop();
    await Promise.all(this.#ports.map(({ clients }) => clients.stop()));
  }

  #createPorts(): Port[] {
    const { web_port, request_port, native_port, queue, max_clients } = this.#options.place.table;
    const broadcast = broadcastDialect({
      subscribe: (listener) => this.#subscribe(listener),
      queue,
      counts: this.#counts,
    });
    const request = requestDialect({
      carryOut: (given, owner) => this.#mode.carryOut(given, owner),
      counts: this.#counts,
      faults: this.#faults,
    });
    return [
      ...this.#portOf('web', web_port, broadcast, { maxClients: max_clients, requestTimeoutMs: 0 }),
      ...this.#portOf('request', request_port, request, {
        maxClients: max_clients * REQUESTS_PER_CLIENT,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
      }),
      ...this.#portOf('native', native_port, broadcast, { maxClients: max_clients, requestTimeoutMs: 0 }),
    ];
  }

  /** Port 0: not served. */
  #portOf(
    name: Port['name'],
    port: number,
    dialect: DialectType,
    limits: { readonly maxClients: number; readonly requestTimeoutMs: number },
  ): Port[] {
    if (port === 0) return [];
    const { clock, log, place } = this.#options;
    const clients = new ClientListener({
      clock,
      log,
      shared: new SharedLimits(clock),
      settings: { ...limits, outboxLimit: OUTBOX_LIMIT },
      dialects: [dialect],
    });
    const host = place.table.listen;
    const at = `${host}:${port}`;
    const kept = new KeptListener({
      clock,
      listen: () => clients.listen({ at: { host, port }, role: 'send', name: at }),
      onListening: () => {
        this.#taken.delete(at);
        log.info(`${place.id}: listening on ${at} (${name}); not for patient use`);
      },
      onFailure: (error) => this.#onListenFailure(at, error),
    });
    return [{ name, port, clients, kept }];
  }

  #onListenFailure(at: string, error: unknown): void {
    const { log, hub, place } = this.#options;
    const text = `${place.id}: can't listen on ${at}: ${errorText(error)}`;
    this.#counts.add('listenFailures');
    log.warn('listen', `${text}; trying again`);
    if (!this.#taken.has(at)) hub.alarms.raise('HEV_PORT_TAKEN', text);
    this.#taken.add(at);
  }

  #subscribe(listener: (packet: Buffer) => void): () => void {
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  }

  #send(type: string, body: Readonly<Record<string, unknown>>): void {
    this.#counts.add('packets');
    if (this.#subscribers.size === 0) return;
    const content = shapePacket(this.#options.place.table.shape, type, body, this.#mode.alarms());
    if (content) this.#sendToAll(encodePacket(content));
  }

  #sendToAll(packet: Buffer): void {
    this.#wasSent = true;
    for (const subscriber of this.#subscribers) subscriber(packet);
  }

  /** Only after an interval without any packet. */
  #keepAlive(): void {
    if (!this.#wasSent) this.#sendToAll(KEEPALIVE);
    this.#wasSent = false;
  }
}
