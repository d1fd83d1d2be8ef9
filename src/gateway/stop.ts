import type { Log } from '../base/log.js';
import { Stopping } from '../base/stopping.js';
import type { Connector } from '../connectors/connector.js';
import type { Device } from '../devices/device.js';
import type { ClassicLog } from '../history/classic-log.js';
import type { NetworkManager } from '../network/network-manager.js';
import type { FlightRecorder } from '../recorder/flight-recorder.js';
import type { ClientListener } from '../socket/listener.js';
import type { SocketWatch } from '../socket/socket-watch.js';
import type { WebServer } from '../socket/web/web-server.js';
import type { UartManager } from '../uart/uart-manager.js';
import type { ClientSockets } from './client-sockets.js';
import type { KeptState } from './state.js';

/** The result of a stop. */
export interface Stopped {
  /** Components that could not be stopped in time, each with its reason. */
  readonly unfinished: readonly string[];
  /** Number of events that were not stored in the history. */
  readonly lostEvents: number;
}

/** The running components; undefined if not running. */
export interface Running {
  readonly socketWatch: SocketWatch | undefined;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly devices: readonly Device[];
  readonly listener: ClientListener;
  readonly web: WebServer | undefined;
  readonly uart: UartManager;
  readonly network: NetworkManager;
  readonly state: KeptState;
  readonly classicLog: ClassicLog | undefined;
  readonly recorder: FlightRecorder | undefined;
  readonly sockets: ClientSockets;
}

/** Stops clients, then the links, then the stores, and the locks last. Takes 8 s at most. */
export async function stopGateway(running: Running, log: Log): Promise<Stopped> {
  const { uart, network, devices, recorder, state, sockets } = running;
  const stopping = new Stopping();
  await stopClients(running, stopping);
  await stopping.run(
    { what: 'link to the root', limitMs: 2000, stop: () => uart.stop() },
    ...devices.map((device) => ({
      what: `device ${device.name}`,
      limitMs: 2000,
      stop: () => device.stop(),
    })),
  );
  network.stop();
  const lostEvents = await closeStores(running, stopping);
  await stopping.run({ what: 'recorder', limitMs: 500, stop: () => recorder?.stop() });
  const releaseLocks = async () => {
    await state.release();
    await sockets.release();
  };
  await stopping.run({ what: 'locks', limitMs: 500, stop: releaseLocks });
  for (const what of stopping.unfinished) log.warn(`stop ${what}`, `could not stop ${what}`);
  return { unfinished: stopping.unfinished, lostEvents };
}

async function stopClients(running: Running, stopping: Stopping): Promise<void> {
  const { socketWatch, connectors, listener, web, state } = running;
  const readersGone = state.history?.stopReading();
  await stopping.run({ what: 'socket check', limitMs: 500, stop: () => socketWatch?.stop() });
  await stopping.run(
    ...[...connectors].map(([name, connector]) => ({
      what: `connector ${name}`,
      limitMs: 2500,
      stop: () => connector.stop(),
    })),
    { what: 'clients', limitMs: 2500, stop: () => listener.stop() },
    { what: 'dashboard', limitMs: 2500, stop: () => web?.stop() },
    { what: 'history readers', limitMs: 2500, stop: () => readersGone },
  );
}

/** Resolves with the number of lost events. */
async function closeStores({ state, classicLog }: Running, stopping: Stopping): Promise<number> {
  let lostEvents = 0;
  const limitMs = stopping.remainingMs - 1000;
  const closeHistory = async () => {
    lostEvents = (await state.history?.close(limitMs - 200)) ?? 0;
  };
  await stopping.run(
    { what: 'history', limitMs, stop: closeHistory },
    { what: 'classic log', limitMs, stop: () => classicLog?.close() },
  );
  return lostEvents;
}
