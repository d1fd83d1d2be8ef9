/** Serves the programs of the HV server: envelopes on TCP, metas on websockets. One manager for all of them. */
import { SharedLimits } from '../../api/shared-limits.js';
import type { CancelTimer } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import { KeptListener } from '../../socket/keep-listening.js';
import { ClientListener, type Listener } from '../../socket/listener.js';
import type { WebMember } from '../../socket/web/web-channels.js';
import type { Connector, ConnectorOptions } from '../connector.js';
import { ChannelClient } from './channel-client.js';
import { ChannelServer } from './channel-server.js';
import { createClientCounts } from './client-counts.js';
import type { MetaCheck } from './command-check.js';
import { envelopeDialect } from './envelope-dialect.js';
import { HardwareManager } from './hardware-manager.js';
import { HvMode } from './hv-mode.js';
import { MeshMode } from './mesh-mode.js';
import type { ServerSettings } from './settings.js';

/** On the gateway's own web server. */
const CHANNEL_PATH = '/dataforge/channel';
/** Bytes that may be queued for a client; the outlet has a limit of its own below that. */
const OUTBOX_LIMIT = 16_777_216;

export function createDataforgeConnector(
  settings: ServerSettings,
  siteCheck: MetaCheck | undefined,
  options: ConnectorOptions,
): Connector {
  return new DataforgeConnector(settings, siteCheck, options);
}

class DataforgeConnector implements Connector {
  readonly #settings: ServerSettings;
  readonly #options: ConnectorOptions;
  readonly #manager: HardwareManager;
  readonly #counts = createClientCounts();
  readonly #listener: ClientListener;
  readonly #web: ChannelServer | undefined;
  /** Clients on the gateway's own web server. */
  readonly #guests = new Set<WebMember>();
  readonly #port: KeptListener;
  readonly #webPort: KeptListener | undefined;
  readonly #cancels: CancelTimer[] = [];

  constructor(settings: ServerSettings, siteCheck: MetaCheck | undefined, options: ConnectorOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#manager = this.#createManager(siteCheck);
    this.#listener = this.#createListener();
    this.#web = this.#createWeb();
    this.#port = this.#createPort();
    this.#webPort = this.#createWebPort();
  }

  counters() {
    const { accepted, listening: connected, ended } = this.#listener.counters();
    const web = this.#web?.counters();
    return {
      listening: this.#port.isOpen,
      ...this.#manager.counters(),
      input: this.#counts.snapshot(),
      accepted: { tcp: accepted, web: web?.accepted ?? 0 },
      connected: { tcp: connected, web: web?.connected ?? 0, gateway: this.#guests.size },
      ended,
      ...(web && { webRefused: web.refused, webEnded: web.ended }),
    };
  }

  start(): void {
    const { hub, channels } = this.#options;
    this.#manager.start();
    this.#cancels.push(hub.feed.subscribe((event) => this.#manager.onEvent(event)));
    const remove = channels?.add(CHANNEL_PATH, (opened) => this.#openGuest(opened));
    if (remove) this.#cancels.push(remove);
    this.#port.start();
    this.#webPort?.start();
  }

  async stop(): Promise<void> {
    this.#port.stop();
    this.#webPort?.stop();
    for (const cancel of this.#cancels) cancel();
    this.#manager.stop();
    for (const guest of this.#guests) guest.stop();
    await Promise.all([this.#listener.stop(), this.#web?.stop()]);
  }

  #createManager(siteCheck: MetaCheck | undefined): HardwareManager {
    const { clock, log, hub, gateway } = this.#options;
    return new HardwareManager({
      clock,
      log,
      siteCheck,
      createMode: (say, refuse) =>
        this.#settings.mode === 'strict'
          ? new HvMode({ hub, say, refuse })
          : new MeshMode({ hub, say, refuse, gateway, clock, log }),
    });
  }

  #createListener(): ClientListener {
    const { clock, log } = this.#options;
    const { queue, limits, maxClients, mode } = this.#settings;
    return new ClientListener({
      clock,
      log,
      shared: new SharedLimits(clock),
      settings: { maxClients, requestTimeoutMs: 0, outboxLimit: OUTBOX_LIMIT },
      dialects: [
        envelopeDialect({
          manager: this.#manager,
          limits,
          queue,
          counts: this.#counts,
          ignoresData: mode === 'strict',
        }),
      ],
    });
  }

  #createWeb(): ChannelServer | undefined {
    const { web, maxClients } = this.#settings;
    const { clock, log } = this.#options;
    return (
      web &&
      new ChannelServer({ clock, log, ...web, maxClients, open: (opened) => this.#openChannel(opened) })
    );
  }

  #openChannel(opened: ConstructorParameters<typeof ChannelClient>[0]): ChannelClient {
    const { queue } = this.#settings;
    return new ChannelClient(opened, { manager: this.#manager, queue, counts: this.#counts });
  }

  #openGuest(opened: ConstructorParameters<typeof ChannelClient>[0]): ChannelClient {
    const guest = this.#openChannel({
      ...opened,
      onEnd: (ended, reason) => {
        this.#guests.delete(ended);
        opened.onEnd(ended, reason);
      },
    });
    this.#guests.add(guest);
    return guest;
  }

  #createPort(): KeptListener {
    const { host, port } = this.#settings.listen;
    return this.#keep(`TCP port ${port}`, () =>
      this.#listener.listen({ at: { port }, role: 'send', name: `${host}:${port}` }),
    );
  }

  #createWebPort(): KeptListener | undefined {
    const web = this.#web;
    const { port } = this.#settings.web ?? {};
    if (!web || port === undefined) return undefined;
    return this.#keep(`web port ${port}`, async () => {
      await web.listen();
      return undefined;
    });
  }

  #keep(what: string, listen: () => Promise<Listener | undefined>): KeptListener {
    const { clock, log } = this.#options;
    return new KeptListener({
      clock,
      listen,
      onListening: () => log.info(`listening on ${what}`),
      onFailure: (error) =>
        log.warn(`listen ${what}`, `can't listen on ${what}: ${errorText(error)}; trying again`),
    });
  }
}
