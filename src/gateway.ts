/** The parts list: builds the managers, joins them by callbacks, starts and stops them. */
import { type Clock, systemClock } from './clock.js';
import type { Config } from './config.js';
import { errorText, MeshgateError, systemErrorCode } from './errors.js';
import { createLog, type WriteLine } from './log.js';
import type { Hub } from './network/hub.js';
import { NetworkManager } from './network/network-manager.js';
import { DataTypes } from './protocol/data-types.js';
import { badTable } from './protocol/json-table.js';
import type { Tables } from './protocol/message.js';
import { Opcodes } from './protocol/opcodes.js';
import { findCommandFault } from './socket/classic/commands.js';
import { ClientServer } from './socket/client-server.js';
import { lockSocket, type SocketLock } from './socket/socket-lock.js';
import { defaultSocketPath, prepareDirectory, removeStaleSocket, setAccess } from './socket/socket-path.js';
import { describeLinkStatus } from './uart/describe-link.js';
import type { OpenLink } from './uart/link.js';
import type { LinkStatus } from './uart/link-keeper.js';
import { UartManager } from './uart/uart-manager.js';

export interface GatewayParts {
  readonly config: Config;
  readonly tables: Tables;
  readonly openLink: OpenLink;
  /** Calls back when a serial device may have appeared; returns how to end that. */
  readonly watchForDevices: (onChange: () => void) => () => void;
  readonly clock?: Clock;
  /** Where the log goes; standard error by default. */
  readonly writeLine?: WriteLine;
}

/** Reads opcodes.json and the data types file. Throws `BAD_TABLE` with file, key and reason. */
export function loadTables(config: Config): Tables {
  const dataTypes = DataTypes.load(config.data_types);
  const opcodes = Opcodes.load(config.opcodes, dataTypes);
  const fault = findCommandFault(opcodes);
  if (fault !== undefined) throw badTable(config.opcodes, 'commands', fault);
  return { opcodes, dataTypes };
}

export class Gateway {
  readonly socketPath: string;
  readonly #config: Config;
  readonly #uart: UartManager;
  readonly #network: NetworkManager;
  readonly #server: ClientServer;
  #lock: SocketLock | undefined;

  constructor({ config, tables, openLink, watchForDevices, clock = systemClock, writeLine }: GatewayParts) {
    const logOf = (room: string) => createLog(room, writeLine, clock);
    const log = logOf('uart');
    this.#config = config;
    this.socketPath = config.socket ?? defaultSocketPath();
    this.#uart = new UartManager(
      { openLink, watchForDevices, clock, random: Math.random, settings: uartSettings(config) },
      {
        onFrame: (body) => this.#network.onFrame(body),
        onConsoleLine: (line) => this.#network.onConsoleLine(line),
        onLinkStatus: (status) => {
          logLinkStatus(log, status);
          this.#network.onLinkStatus(status);
        },
      },
    );
    this.#network = new NetworkManager({
      clock,
      log: logOf('network'),
      tables,
      settings: networkSettings(config),
      uart: this.#uart,
    });
    this.#server = new ClientServer(this.#network, clock, logOf('socket'), clientSettings(config));
  }

  get hub(): Hub {
    return this.#network;
  }

  /**
   * Takes the sockets and serves clients. Rejects when one can't be had: `SOCKET_TAKEN`, `ADDRESS_IN_USE`,
   * `NO_PERMISSION`, `SOCKET_FAILED`.
   */
  async serve(): Promise<void> {
    const { clients, tcp } = this.#config;
    await namingFailures(this.socketPath, async () => {
      prepareDirectory(this.socketPath);
      this.#lock = await lockSocket(this.socketPath);
      await removeStaleSocket(this.socketPath);
      await this.#server.listen({ path: this.socketPath });
      await setAccess(this.socketPath, clients.mode, clients.group);
    });
    for (const port of tcp) {
      await namingFailures(`127.0.0.1:${port}`, () => this.#server.listen({ port }));
    }
  }

  /** Begins to open the link, and keeps it open; does not wait for it. */
  connect(): void {
    this.#network.start();
    this.#uart.start();
  }

  /** Ends clients and link, from any state; the lock goes last. */
  async stop(): Promise<void> {
    await this.#server.stop();
    await this.#uart.stop();
    this.#network.stop();
    await this.#lock?.release();
    this.#lock = undefined;
  }
}

/** Runs what opens a socket; the system's refusals become errors that a person can act on. */
async function namingFailures(where: string, open: () => Promise<void>): Promise<void> {
  try {
    await open();
  } catch (error) {
    if (error instanceof MeshgateError) throw error;
    const code = systemErrorCode(error);
    const text = `${where}: ${errorText(error)}`;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new MeshgateError('NO_PERMISSION', text, 'choose a --socket PATH that this user may write to');
    }
    if (code === 'EADDRINUSE') {
      throw new MeshgateError('ADDRESS_IN_USE', text, 'end the program that uses it, or choose another port');
    }
    throw new MeshgateError('SOCKET_FAILED', text, undefined, { cause: error });
  }
}

function uartSettings({ serial, baud }: Config) {
  return {
    maxBodyLength: serial.max_body,
    openFrameTimeoutMs: serial.frame_timeout_ms,
    queueLimit: serial.queue,
    pacing: { bytes: serial.pace_bytes, windowMs: serial.pace_window_ms },
    baud,
  };
}

function networkSettings({ mesh, names }: Config) {
  return {
    idleAfterMs: mesh.idle_after_s * 1000,
    disconnectedAfterMs: mesh.disconnected_after_s * 1000,
    refreshEveryMs: mesh.refresh_s * 1000,
    maxMessageLength: mesh.max_message,
    valuesKept: mesh.values,
    maxNodes: mesh.max_nodes,
    rootSilentAfterMs: mesh.root_silent_after_s * 1000,
    eventsHeld: mesh.events,
    names,
  };
}

function clientSettings({ clients }: Config) {
  return {
    maxClients: clients.max,
    maxRequestLength: clients.max_request,
    requestTimeoutMs: clients.request_timeout_ms,
    settleMs: clients.settle_ms,
    outboxLimit: clients.outbox_bytes,
  };
}

/** A person wants to know that the link is there, or why not; not each attempt in between. */
function logLinkStatus(log: ReturnType<typeof createLog>, status: LinkStatus): void {
  const text = describeLinkStatus(status);
  if (status.state === 'opening' || status.state === 'stopped') log.debug('%s', text);
  else if (status.state === 'probing' || status.state === 'up') log.info(text);
  else log.warn(`${status.state} ${status.reason} ${status.detail}`, text);
}
