/** Serves the programs of the HV server: envelopes on TCP, metas on websockets. One manager for all of them. */
import { SharedLimits } from '../../api/shared-limits.js';
import type { CancelTimer } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
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

/** Pause before a port that is taken is tried again. */
const LISTEN_AGAIN_MS = 5000;
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
  #listening: Listener | undefined;
  #cancels: CancelTimer[] = [];
  #isStopped = false;

  constructor(settings: ServerSettings, siteCheck: MetaCheck | undefined, options: ConnectorOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#manager = this.#createManager(siteCheck);
    this.#listener = this.#createListener();
    this.#web = this.#createWeb();
  }

  counters() {
    const { accepted, listening: connected, ended } = this.#listener.counters();
    const web = this.#web?.counters();
    return {
      listening: this.#listening?.isOpen ?? false,
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
    this.#keepTrying(`TCP port ${this.#settings.listen.port}`, () => this.#listen());
    const { web } = this.#settings;
    if (web) this.#keepTrying(`web port ${web.port}`, async () => void (await this.#web?.listen()));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
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

  async #listen(): Promise<void> {
    const { host, port } = this.#settings.listen;
    const listening = await this.#listener.listen({ at: { port }, role: 'send', name: `${host}:${port}` });
    if (this.#isStopped) listening.close();
    else this.#listening = listening;
  }

  /** A port that is taken may become free. */
  #keepTrying(what: string, listen: () => Promise<void>): void {
    const { clock, log } = this.#options;
    const attempt = () =>
      listen().then(
        () => log.info(`listening on ${what}`),
        (error: unknown) => {
          if (this.#isStopped) return;
          log.warn(`listen ${what}`, `can't listen on ${what}: ${errorText(error)}; trying again`);
          this.#cancels.push(clock.after(LISTEN_AGAIN_MS, () => void attempt()));
        },
      );
    void attempt();
  }
}
