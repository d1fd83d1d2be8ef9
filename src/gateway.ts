/** The parts list: builds the managers, joins them by callbacks, starts and stops them. */

import { join } from 'node:path';
import { AuditTrail } from './api/audit.js';
import type { GatewayFacts } from './api/method.js';
import { SharedLimits } from './api/shared-limits.js';
import { type Clock, systemClock } from './base/clock.js';
import { MeshgateError } from './base/errors.js';
import { listenNear } from './base/listen-near.js';
import { createLog, type Log, type LogFormat, type WriteLine } from './base/log.js';
import { packageRoot, packageVersion } from './base/package-root.js';
import type { ProcessLock } from './base/process-lock.js';
import { Stopping } from './base/stopping.js';
import { LiveSettings, type Reloaded } from './config/live-settings.js';
import type { Config } from './config/schema.js';
import { refuseSharedListeners } from './config/sections/http.js';
import { classicLogSettings, historySettings, recorderSettings } from './config/sections/keeping.js';
import { uartSettings } from './config/sections/link.js';
import type { Connector } from './connectors/connector.js';
import { loadConnectors } from './connectors/load.js';
import { manifestAlarms, manifestMetrics } from './gateway/manifests.js';
import { ClassicLog } from './history/classic-log.js';
import { History } from './history/history.js';
import { defaultStateDirectory, lockState, prepareStateDirectory } from './history/state-directory.js';
import { GatewayHub } from './hub/gateway-hub.js';
import { describeLinkStatus } from './link/describe-link.js';
import type { OpenLink } from './link/link.js';
import { isOpen, type LinkStatus } from './link/link-keeper.js';
import { NetworkManager } from './network/network-manager.js';
import { loadDataTypes } from './protocol/data-types-file.js';
import { badTable } from './protocol/json-table.js';
import type { Tables } from './protocol/message.js';
import { Opcodes } from './protocol/opcodes.js';
import { FlightRecorder } from './recorder/flight-recorder.js';
import { findCommandFault } from './socket/classic/commands.js';
import { classicDialect } from './socket/classic/dialect.js';
import { ClientSocket, type PassedSocket } from './socket/client-socket.js';
import { lineSessionDialect } from './socket/line-session.js';
import { ClientListener } from './socket/listener.js';
import { namingFailures } from './socket/socket-failures.js';
import { defaultSocketPath } from './socket/socket-path.js';
import { SocketWatch, type Watched } from './socket/socket-watch.js';
import { MapPicture } from './socket/web/map-picture.js';
import { WebServer } from './socket/web/web-server.js';
import { UartManager } from './uart/uart-manager.js';

export interface GatewayParts {
  readonly config: Config;
  readonly tables: Tables;
  readonly openLink: OpenLink;
  /** Calls back when a serial device may have appeared; returns how to end that. */
  readonly watchForDevices: (onChange: () => void) => () => void;
  /** Where the monitor is served; nowhere unless given. */
  readonly web?: WebAddress | undefined;
  /** Keeps a history in the state directory; in memory only unless true. */
  readonly hasHistory?: boolean;
  readonly clock?: Clock;
  /** The clock by which clients are waited for, where it is not the same: that of the real ones. */
  readonly clientClock?: Clock;
  /** 0–1, for the jitter of pauses. */
  readonly random?: () => number;
  /** Where the log goes; standard error by default. */
  readonly writeLine?: WriteLine;
  /** The clients' socket, where somebody else has opened it. */
  readonly passedSocket?: PassedSocket | undefined;
}

/** Reads opcodes.json and the data types file. Throws `BAD_TABLE` with file, key and reason. */
export function loadTables(config: Config): Tables {
  const dataTypes = loadDataTypes(config.data_types);
  const opcodes = Opcodes.load(config.opcodes, dataTypes);
  const fault = findCommandFault(opcodes);
  if (fault !== undefined) throw badTable(config.opcodes, 'commands', fault);
  return { opcodes, dataTypes };
}

/** How a stop went. */
export interface Stopped {
  /** What could not be sent or closed in time, each with its reason. */
  readonly unfinished: readonly string[];
  /** Events that are not in the history. */
  readonly lostEvents: number;
}

export interface WebAddress {
  readonly host: string;
  readonly port: number;
  /** False: nobody has asked for this port; where it is taken, the next one that is free is used. */
  readonly isRequired: boolean;
}

export class Gateway {
  readonly socketPath: string;
  /** The dashboard, while it is served. */
  webUrl: string | undefined;
  /** Absent where the settings turn it off. */
  readonly recorder: FlightRecorder | undefined;
  readonly #uart: UartManager;
  readonly #hub: GatewayHub;
  readonly #network: NetworkManager;
  readonly #server: ClientListener;
  readonly #web: WebServer | undefined;
  readonly #parts: GatewayParts;
  readonly #log: Log;
  readonly #logOf: (room: string) => Log;
  readonly #settings: LiveSettings;
  readonly #facts: GatewayFacts;
  #connectors: ReadonlyMap<string, Connector> = new Map();
  readonly #audit: AuditTrail;
  readonly #sockets: readonly ClientSocket[];
  #socketWatch: SocketWatch | undefined;
  #stateLock: ProcessLock | undefined;
  /** While it is this gateway's alone. */
  #stateDirectory: string | undefined;
  #history: History | undefined;
  readonly #classicLog: ClassicLog | undefined;

  constructor(parts: GatewayParts) {
    const { config, tables, watchForDevices, clock = systemClock, random = Math.random, writeLine } = parts;
    const { clientClock = clock } = parts;
    this.#logOf = (room) => createLog(room, writeLine, clock, () => this.logFormat);
    const logOf = this.#logOf;
    const log = logOf('uart');
    this.#parts = parts;
    this.#settings = new LiveSettings(config, parts.web);
    this.#log = logOf('gateway');
    if (tables.dataTypes.note !== undefined) this.#log.info(tables.dataTypes.note);
    this.socketPath = parts.passedSocket?.path ?? config.socket ?? defaultSocketPath();
    this.recorder = createRecorder(config, clock, logOf('recorder'));
    const openLink = this.recorder?.around(parts.openLink) ?? parts.openLink;
    const tap = this.recorder?.client;
    this.#uart = new UartManager(
      { openLink, watchForDevices, clock, random, settings: uartSettings(config) },
      {
        onFrame: (body) => this.#network.onFrame(body),
        onConsoleLine: (line) => this.#network.onConsoleLine(line),
        onLinkStatus: (status) => {
          logLinkStatus(log, status);
          this.#network.onLinkStatus(status);
        },
      },
    );
    this.#hub = new GatewayHub({
      clock,
      tables,
      settings: this.#settings.network,
      alarms: manifestAlarms,
    });
    this.#network = new NetworkManager({
      hub: this.#hub,
      clock,
      log: logOf('network'),
      settings: this.#settings.network,
      uart: this.#uart,
    });
    const logged = classicLogSettings(config);
    this.#classicLog =
      logged && new ClassicLog({ ...logged, types: tables.dataTypes.all(), clock, log: logOf('history') });
    const hub = this.#hub;
    this.#audit = new AuditTrail(clock, logOf('audit'));
    const mapPicture = new MapPicture(config.map);
    const gateway = this.#describeSelf(clock, mapPicture);
    this.#facts = gateway;
    const shared = new SharedLimits(clientClock);
    const { clients } = this.#settings;
    this.#server = new ClientListener({
      dialects: [lineSessionDialect({ hub, gateway }), classicDialect({ hub, gateway, settings: clients })],
      shared,
      clock: clientClock,
      log: logOf('socket'),
      tap,
      settings: clients,
    });
    this.#sockets = this.#createSockets();
    this.#web =
      this.#settings.web &&
      new WebServer({
        hub,
        shared,
        gateway,
        clock: clientClock,
        log: logOf('web'),
        tap,
        settings: this.#settings.web,
        mapPicture,
        counterMetrics: manifestMetrics,
        sendWaits: () => this.#uart.sendWaits(),
        pageDirectory: join(packageRoot, 'dist', 'dashboard'),
      });
  }

  get hub(): GatewayHub {
    return this.#hub;
  }

  /** How log lines are written now. */
  get logFormat(): LogFormat {
    return this.#settings.config.log.format;
  }

  /**
   * Takes the sockets and serves clients. Rejects when one can't be had: `SOCKET_TAKEN`, `ADDRESS_IN_USE`,
   * `NO_PERMISSION`, `SOCKET_FAILED`; the state directory: `STATE_TAKEN`; a connector's settings: `BAD_CONFIG`.
   */
  async serve(): Promise<void> {
    refuseSharedListeners(this.#parts.config, this.socketPath);
    for (const socket of this.#sockets) await namingFailures(socket.path, () => socket.lock());
    await namingFailures(this.socketPath, () => this.#openHistory());
    for (const socket of this.#sockets) await namingFailures(socket.path, () => socket.open());
    const ports = await this.#listenOnPorts();
    this.webUrl = await this.#serveWeb();
    this.#connectors = await this.#loadConnectors();
    this.#socketWatch = this.#createSocketWatch(ports);
  }

  #createSockets(): ClientSocket[] {
    const { config, passedSocket } = this.#parts;
    return [
      new ClientSocket(this.#server, passedSocket ?? this.socketPath, config.clients),
      ...config.sockets.map((socket) => new ClientSocket(this.#server, socket.path, socket)),
    ];
  }

  async #listenOnPorts(): Promise<Watched[]> {
    const { clients, tcp } = this.#parts.config;
    const watched: Watched[] = [];
    for (const port of tcp) {
      const name = `127.0.0.1:${port}`;
      const place = { at: { port }, role: clients.tcp_role, name };
      const listener = await namingFailures(name, () => this.#server.listen(place));
      watched.push(watchListening(name, () => listener.isOpen));
    }
    return watched;
  }

  /** After the web server has its address. */
  #createSocketWatch(ports: readonly Watched[]): SocketWatch {
    const { clock = systemClock, clientClock = clock } = this.#parts;
    const web = this.webUrl === undefined ? undefined : this.#web;
    const watched = [
      ...this.#sockets.map((socket) => ({ name: socket.path, check: () => socket.check() })),
      ...ports,
      ...(web ? [watchListening(this.webUrl ?? '', () => web.isListening)] : []),
    ];
    return new SocketWatch(watched, {
      clock: clientClock,
      log: this.#logOf('socket'),
      onResult: (why) => this.#hub.onSocketsLost(why),
    });
  }

  /** Looks at once whether clients can connect, and has sockets made again whose files have gone. */
  async checkSockets(): Promise<void> {
    await this.#socketWatch?.look();
  }

  /** Takes over those settings that can change while it runs. Throws `BAD_CONFIG`; all stay as they were then. */
  reload(next: Config): Reloaded {
    void this.checkSockets();
    const { names } = this.#settings.network;
    const reloaded = this.#settings.take(next);
    if (reloaded.applied.includes('names')) this.#hub.onRenamed(names);
    if (reloaded.applied.some((name) => name.startsWith('http.'))) this.#web?.onAccessChanged();
    return reloaded;
  }

  /** A store that can't be had costs the past, not the gateway; it is tried again. */
  async #openHistory(): Promise<void> {
    const { config, tables, clock = systemClock, hasHistory } = this.#parts;
    if (!hasHistory) return;
    const directory = config.state ?? defaultStateDirectory(config.simulate);
    prepareStateDirectory(directory);
    this.#stateLock = await lockState(directory);
    const { limit } = this.#stateLock;
    if (limit !== undefined)
      this.#log.info(`no lock file (${limit}): a gateway in another container is not noticed`);
    this.#stateDirectory = directory;
    this.#audit.keepIn(join(directory, 'audit.jsonl'), () => prepareStateDirectory(directory));
    const opened = await History.open({
      settings: historySettings(config, directory),
      tables,
      clock,
      log: this.#logOf('history'),
      memory: this.#hub.memoryArchive(),
      onFailing: (why) => this.#hub.onArchiveFailing(why),
      onRestoredLate: (restored, onNumbered) => {
        this.#hub.joinRestored(restored, onNumbered);
        this.#network.restoreLate(restored.boardIdentity);
      },
    });
    if (!opened.history) return this.#goWithoutHistory(opened.fault);
    this.#history = opened.history;
    this.#hub.useArchive(opened.history, opened.restored);
    this.#network.restore(opened.restored?.boardIdentity);
    opened.history.attach(this.#hub);
  }

  #goWithoutHistory(why: string): void {
    this.#log.warn('history', `history is in memory only: ${why}`);
    this.#hub.goWithoutArchive(why);
  }

  #describeSelf(clock: Clock, mapPicture: MapPicture): GatewayFacts {
    const { config } = this.#parts;
    return {
      version: packageVersion,
      port: config.simulate ? null : config.port,
      startedAt: clock.now(),
      clients: () => {
        const { connected, listening, sessions } = this.#server.clients();
        const web = this.#web?.clients() ?? { connected: 0, sessions: 0 };
        return { connected: connected + web.connected, listening, sessions: sessions + web.sessions };
      },
      clientList: () => [...this.#server.list(), ...(this.#web?.list() ?? [])],
      classicLogCounters: () => this.#classicLog?.counters(),
      audit: this.#audit,
      clientCounters: () => ({
        sockets: this.#server.counters(),
        web: this.#web?.counters() ?? null,
        audit: this.#audit.counters(),
        ...Object.fromEntries([...this.#connectors].map(([name, connector]) => [name, connector.counters()])),
      }),
      dashboardUrl: () => this.webUrl,
      map: mapPicture.facts,
      recorder: this.recorder,
    };
  }

  async #serveWeb(): Promise<string | undefined> {
    const { web } = this.#parts;
    const server = this.#web;
    if (!web || !server) return undefined;
    const host = web.host.includes(':') ? `[${web.host}]` : web.host;
    const where = `${host}:${web.port}`;
    try {
      const port = await namingFailures(where, () => listenNear(web, (next) => server.listen(next)));
      if (web.port !== 0 && port !== web.port)
        this.#log.info(
          `${where} is taken, so the dashboard is on port ${port}; --http PORT gives it another`,
        );
      return `http://${host}:${port}/`;
    } catch (error) {
      if (web.isRequired || !(error instanceof MeshgateError) || error.code !== 'ADDRESS_IN_USE') throw error;
      this.#log.info(`${where} and the ports after it are taken, so there is no dashboard; use --http PORT`);
      return undefined;
    }
  }

  #loadConnectors() {
    const { config, clock = systemClock } = this.#parts;
    const stateDirectory = this.#stateDirectory;
    const options = { hub: this.hub, gateway: this.#facts, clock, logOf: this.#logOf, stateDirectory };
    return loadConnectors(config, options);
  }

  /** Begins to open the link, and keeps it open; does not wait for it, nor for what connectors join. */
  connect(): void {
    this.recorder?.start();
    this.#classicLog?.attach(this.#hub.feed);
    for (const connector of this.#connectors.values()) connector.start();
    this.#network.start();
    this.#socketWatch?.start();
    this.#uart.start();
  }

  /**
   * Ends clients and link, from any state; the locks go last. Takes 8 s at most. Resolves with what could not be sent or
   * closed in that time, which the log has too, and with how many events the history could not store.
   */
  async stop(): Promise<Stopped> {
    const stopping = new Stopping();
    let lostEvents = 0;
    const readersGone = this.#history?.stopReading();
    await stopping.run({ what: 'socket check', limitMs: 500, stop: () => this.#socketWatch?.stop() });
    await stopping.run(
      ...[...this.#connectors].map(([name, connector]) => ({
        what: `connector ${name}`,
        limitMs: 2500,
        stop: () => connector.stop(),
      })),
      { what: 'clients', limitMs: 2500, stop: () => this.#server.stop() },
      { what: 'dashboard', limitMs: 2500, stop: () => this.#web?.stop() },
      { what: 'readers of the history', limitMs: 2500, stop: () => readersGone },
    );
    await stopping.run({ what: 'link to the root', limitMs: 2000, stop: () => this.#uart.stop() });
    this.#network.stop();
    const forStores = stopping.remainingMs - 1000;
    const closeHistory = async () => {
      lostEvents = (await this.#history?.close(forStores - 200)) ?? 0;
    };
    await stopping.run(
      { what: 'history', limitMs: forStores, stop: closeHistory },
      { what: 'classic log', limitMs: forStores, stop: () => this.#classicLog?.close() },
    );
    await stopping.run({ what: 'recorder', limitMs: 500, stop: () => this.recorder?.stop() });
    await stopping.run({ what: 'locks', limitMs: 500, stop: () => this.#releaseLocks() });
    for (const what of stopping.unfinished) this.#log.warn(`stop ${what}`, `stopped without ${what}`);
    return { unfinished: stopping.unfinished, lostEvents };
  }

  async #releaseLocks(): Promise<void> {
    await this.#stateLock?.release();
    this.#stateLock = undefined;
    for (const socket of this.#sockets) await socket.release();
  }
}

/** A listener that only an error of the system can end. */
function watchListening(name: string, isListening: () => boolean): Watched {
  return { name, check: async () => (isListening() ? 'there' : new Error('nothing listens there any more')) };
}

function createRecorder(config: Config, clock: Clock, log: Log): FlightRecorder | undefined {
  const settings = recorderSettings(config);
  return settings && new FlightRecorder({ clock, log, settings, version: packageVersion });
}

/** A person wants to know that the link is there, or why not; not each attempt in between. */
function logLinkStatus(log: ReturnType<typeof createLog>, status: LinkStatus): void {
  const text = describeLinkStatus(status);
  const isSaid = status.reason === 'stopped' || status.reason === 'recordingOver';
  if (status.state === 'opening' || isSaid) log.debug('%s', text);
  else if (isOpen(status)) log.info(text);
  else log.warn(`${status.state} ${status.reason}`, text);
}
