/** The parts list: builds the managers, connects them by callbacks, starts and stops them. */

import { join } from 'node:path';
import { AuditTrail } from './api/audit.js';
import type { GatewayFacts } from './api/method.js';
import { SharedLimits } from './api/shared-limits.js';
import { type Clock, systemClock } from './base/clock.js';
import { createLog, type Log, type LogFormat } from './base/log.js';
import { packageRoot } from './base/package-root.js';
import { LiveSettings, type Reloaded } from './config/live-settings.js';
import type { Config } from './config/schema.js';
import { refuseSharedListeners } from './config/sections/http.js';
import { uartSettings } from './config/sections/link.js';
import type { Connector } from './connectors/connector.js';
import { loadConnectors } from './connectors/load.js';
import type { Device } from './devices/device.js';
import { loadDevices } from './devices/load.js';
import { ClientSockets } from './gateway/client-sockets.js';
import { createDeviceLinks } from './gateway/device-links.js';
import { describeGateway } from './gateway/facts.js';
import { createClassicLog, createRecorder } from './gateway/keeping.js';
import { logLinkStatus } from './gateway/link-log.js';
import { manifestAlarms, manifestMetrics } from './gateway/manifests.js';
import type { GatewayOptions } from './gateway/options.js';
import { KeptState } from './gateway/state.js';
import { type Stopped, stopGateway } from './gateway/stop.js';
import { serveWeb } from './gateway/web-address.js';
import type { ClassicLog } from './history/classic-log.js';
import { GatewayHub } from './hub/gateway-hub.js';
import type { OpenLink } from './link/link.js';
import { NetworkManager } from './network/network-manager.js';
import type { FlightRecorder } from './recorder/flight-recorder.js';
import { classicDialect } from './socket/classic/dialect.js';
import { lineSessionDialect } from './socket/line-session.js';
import { ClientListener } from './socket/listener.js';
import { namingFailures } from './socket/socket-failures.js';
import { defaultSocketPath } from './socket/socket-path.js';
import type { SocketWatch } from './socket/socket-watch.js';
import { MapPicture } from './socket/web/map-picture.js';
import { WebChannels } from './socket/web/web-channels.js';
import { WebServer } from './socket/web/web-server.js';
import { UartManager } from './uart/uart-manager.js';

export { loadTables } from './gateway/tables.js';
export type { WebAddress } from './gateway/web-address.js';
export type { GatewayOptions, Stopped };

export class Gateway {
  readonly socketPath: string;
  readonly hub: GatewayHub;
  /** Undefined if disabled by the settings. */
  readonly recorder: FlightRecorder | undefined;
  /** URL of the dashboard, while it is served. */
  webUrl: string | undefined;
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #clientClock: Clock;
  readonly #logOf: (room: string) => Log;
  readonly #log: Log;
  readonly #settings: LiveSettings;
  readonly #uart: UartManager;
  readonly #network: NetworkManager;
  readonly #classicLog: ClassicLog | undefined;
  readonly #state: KeptState;
  readonly #facts: GatewayFacts;
  readonly #listener: ClientListener;
  readonly #sockets: ClientSockets;
  readonly #web: WebServer | undefined;
  readonly #channels = new WebChannels();
  #connectors: ReadonlyMap<string, Connector> = new Map();
  #devices: readonly Device[] = [];
  #socketWatch: SocketWatch | undefined;

  constructor(options: GatewayOptions) {
    const { config, tables, clock = systemClock, writeLine, passedSocket } = options;
    this.#options = options;
    this.#clock = clock;
    this.#clientClock = options.clientClock ?? clock;
    this.#logOf = (room) => createLog(room, writeLine, clock, () => this.logFormat);
    this.#log = this.#logOf('gateway');
    if (tables.dataTypes.note !== undefined) this.#log.info(tables.dataTypes.note);
    this.#settings = new LiveSettings(config, options.web);
    this.socketPath = passedSocket?.path ?? config.socket ?? defaultSocketPath();
    this.recorder = createRecorder(config, clock, this.#logOf('recorder'));
    this.#uart = this.#createUart();
    this.hub = new GatewayHub({ clock, tables, settings: this.#settings.network, alarms: manifestAlarms });
    this.#network = this.#createNetwork();
    this.#classicLog = createClassicLog(config, tables, clock, this.#logOf('history'));
    const audit = new AuditTrail(clock, this.#logOf('audit'));
    this.#state = this.#createState(audit);
    const mapPicture = new MapPicture(config.map);
    this.#facts = this.#describeSelf(audit, mapPicture);
    const shared = new SharedLimits(this.#clientClock);
    this.#listener = this.#createListener(shared);
    this.#sockets = new ClientSockets(this.#listener, config, passedSocket ?? this.socketPath);
    this.#web = this.#createWeb(shared, mapPicture);
  }

  /** The current log format: a reload can change it. */
  get logFormat(): LogFormat {
    return this.#settings.config.log.format;
  }

  /**
   * Opens the sockets and serves clients. Rejects with `SOCKET_TAKEN`, `ADDRESS_IN_USE`, `NO_PERMISSION` or
   * `SOCKET_FAILED` for a socket, `STATE_TAKEN` for the state directory, `BAD_CONFIG` for settings of a device
   * or a connector.
   */
  async serve(): Promise<void> {
    const { config, hasHistory, web } = this.#options;
    refuseSharedListeners(config, this.socketPath);
    await this.#sockets.lock();
    if (hasHistory) await namingFailures(this.socketPath, () => this.#state.open());
    await this.#sockets.open();
    this.webUrl = this.#web && web && (await serveWeb(this.#web, web, this.#log));
    this.#devices = await this.#loadDevices();
    this.#connectors = await this.#loadConnectors();
    this.#socketWatch = this.#createSocketWatch();
  }

  /** Starts to open the link, and keeps it open; waits neither for the link nor for connectors. */
  connect(): void {
    this.recorder?.start();
    this.#classicLog?.attach(this.hub.feed);
    for (const connector of this.#connectors.values()) connector.start();
    this.#network.start();
    this.#socketWatch?.start();
    this.#uart.start();
    for (const device of this.#devices) device.start();
  }

  /** Checks now whether clients can connect; recreates sockets whose files are gone. */
  async checkSockets(): Promise<void> {
    await this.#socketWatch?.tick();
  }

  /** Applies the settings that can change while it runs. If it throws `BAD_CONFIG`, nothing has changed. */
  reload(next: Config): Reloaded {
    void this.checkSockets();
    const { names } = this.#settings.network;
    const reloaded = this.#settings.apply(next);
    if (reloaded.applied.includes('names')) this.hub.onRenamed(names);
    if (reloaded.applied.some((name) => name.startsWith('http.'))) this.#web?.onAccessChanged();
    return reloaded;
  }

  /**
   * Stops everything, from any state; the locks are released last. Takes 8 s at most. Resolves with the components that
   * could not be stopped in that time (also logged), and the number of events that were not stored.
   */
  stop(): Promise<Stopped> {
    const running = {
      socketWatch: this.#socketWatch,
      connectors: this.#connectors,
      devices: this.#devices,
      listener: this.#listener,
      web: this.#web,
      uart: this.#uart,
      network: this.#network,
      state: this.#state,
      classicLog: this.#classicLog,
      recorder: this.recorder,
      sockets: this.#sockets,
    };
    return stopGateway(running, this.#log);
  }

  #createUart(): UartManager {
    const { config, watchForDevices, random = Math.random } = this.#options;
    const openLink = this.recorder?.around(this.#options.openLink) ?? this.#options.openLink;
    const log = this.#logOf('uart');
    return new UartManager(
      { openLink, watchForDevices, clock: this.#clock, random, settings: uartSettings(config) },
      {
        onFrame: (body) => this.#network.onFrame(body),
        onConsoleLine: (line) => this.#network.onConsoleLine(line),
        onLinkStatus: (status) => {
          logLinkStatus(log, status);
          this.#network.onLinkStatus(status);
        },
      },
    );
  }

  #createNetwork(): NetworkManager {
    return new NetworkManager({
      hub: this.hub,
      clock: this.#clock,
      log: this.#logOf('network'),
      settings: this.#settings.network,
      uart: this.#uart,
    });
  }

  #createState(audit: AuditTrail): KeptState {
    const [hub, network, clock, logOf] = [this.hub, this.#network, this.#clock, this.#logOf];
    return new KeptState({ config: this.#options.config, hub, network, audit, clock, logOf });
  }

  #describeSelf(audit: AuditTrail, mapPicture: MapPicture): GatewayFacts {
    return describeGateway({
      config: this.#options.config,
      startedAt: this.#clock.now(),
      audit,
      mapPicture,
      recorder: this.recorder,
      classicLog: this.#classicLog,
      listener: () => this.#listener,
      web: () => this.#web,
      webUrl: () => this.webUrl,
      connectors: () => this.#connectors,
    });
  }

  #createListener(shared: SharedLimits): ClientListener {
    const { hub } = this;
    const gateway = this.#facts;
    const { clients: settings } = this.#settings;
    return new ClientListener({
      dialects: [lineSessionDialect({ hub, gateway }), classicDialect({ hub, gateway, settings })],
      shared,
      clock: this.#clientClock,
      log: this.#logOf('socket'),
      observer: this.recorder?.client,
      settings,
    });
  }

  #createWeb(shared: SharedLimits, mapPicture: MapPicture): WebServer | undefined {
    const { web: settings } = this.#settings;
    if (!settings) return undefined;
    return new WebServer({
      hub: this.hub,
      shared,
      gateway: this.#facts,
      clock: this.#clientClock,
      log: this.#logOf('web'),
      observer: this.recorder?.client,
      settings,
      mapPicture,
      counterMetrics: manifestMetrics,
      sendWaits: () => this.#uart.sendWaits(),
      pageDirectory: join(packageRoot, 'dist', 'dashboard'),
      channels: this.#channels,
    });
  }

  #loadConnectors(): Promise<ReadonlyMap<string, Connector>> {
    const [gateway, clock, logOf] = [this.#facts, this.#clock, this.#logOf];
    const stateDirectory = this.#state.directory;
    const channels = this.#channels;
    const record = (openLink: OpenLink, name: string) => this.#record(openLink, name);
    const options = { hub: this.hub, gateway, clock, logOf, stateDirectory, channels, record };
    return loadConnectors(this.#options.config, options);
  }

  async #loadDevices(): Promise<readonly Device[]> {
    const { config, hasDevices = true, random = Math.random } = this.#options;
    if (!hasDevices) return [];
    const [hub, clock, logOf] = [this.hub, this.#clock, this.#logOf];
    const stateDirectory = this.#state.directory;
    const record = (openLink: OpenLink, name: string) => this.#record(openLink, name);
    const links = createDeviceLinks(this.#logOf('devices'), record);
    return loadDevices(config, { hub, clock, logOf, links, stateDirectory, random });
  }

  #record(openLink: OpenLink, name: string): OpenLink {
    return this.recorder?.around(openLink, name) ?? openLink;
  }

  /** Call after the web server has its address. */
  #createSocketWatch(): SocketWatch {
    const log = this.#logOf('socket');
    const onResult = (why: string | undefined) => this.hub.onSocketsLost(why);
    return this.#sockets.watch(this.#web, this.webUrl, { clock: this.#clientClock, log, onResult });
  }
}
