import { findSocket } from '../../client/index.js';
import { systemClock } from '../../clock.js';
import { type Config, type GivenSettings, loadConfig } from '../../config.js';
import { MeshgateError } from '../../errors.js';
import { Gateway, loadTables, type WebAddress } from '../../gateway.js';
import { createLog, type Log } from '../../log.js';
import { packageVersion } from '../../package-root.js';
import type { Tables } from '../../protocol/message.js';
import { openSimulatedLink } from '../../simulator/simulated-link.js';
import { ServiceNotifier } from '../../systemd/notifier.js';
import { takePassedSocket } from '../../systemd/passed-socket.js';
import { describeLinkStatus } from '../../uart/describe-link.js';
import { openPort } from '../../uart/open-port.js';
import { watchForDevices } from '../../uart/port-finder.js';
import { onHangUp } from './hang-up.js';
import { reload } from './reload.js';
import type { StartFlags } from './start.js';
import { untilTerminated } from './until-terminated.js';

/** The port of `--tcp` without one: what existing clients use. */
const DEFAULT_TCP_PORT = '5001';

/** Runs until it is told to stop. Rejects with a `MeshgateError`. */
export async function runGateway(flags: StartFlags): Promise<void> {
  const terminated = untilTerminated();
  outliveReaders();
  const passedSocket = takePassedSocket();
  const config = readConfig(flags);
  const tables = loadTables(config);
  const logOf = (room: string) => createLog(room, undefined, undefined, () => gateway.logFormat);
  const gateway = new Gateway({
    config,
    tables,
    web: webAddress(config),
    passedSocket,
    hasHistory: config.history.enabled,
    openLink: config.simulate ? simulated(config, tables) : serial(config, logOf('uart')),
    watchForDevices: (onChange) => (config.simulate ? () => {} : watchForDevices(config.port, onChange)),
  });
  const log = logOf('gateway');
  const service = new ServiceNotifier(log);
  try {
    await gateway.serve();
    onHangUp(() => {
      service.reloading();
      reload(gateway, () => readConfig(flags), log);
      service.ready();
    });
    greet(config, gateway, log);
    tellLink(gateway, service);
    gateway.connect();
    service.ready();
    await terminated;
  } finally {
    await Promise.all([gateway.stop(), service.stopping()]);
  }
}

/** Attempts to open the link are not worth telling; what comes of them is. */
function tellLink({ hub }: Gateway, service: ServiceNotifier): void {
  hub.subscribe((event) => {
    if (event.kind !== 'link' || event.status.state === 'opening') return;
    service.status(describeLinkStatus(event.status));
  });
}

/** Where lines are for programs, this one is too. */
function greet(config: Config, gateway: Gateway, log: Log): void {
  if (config.log.format === 'text') process.stdout.write(greeting(config, gateway));
  else log.info([servedLine(config, gateway), webLine(config, gateway.webUrl)].filter(Boolean).join('; '));
}

/** Whoever reads the log may go (`| head`, a terminal that is closed): that must not end the gateway. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

function readConfig(flags: StartFlags): Config {
  if (flags.simulate && flags.port !== undefined) {
    throw new MeshgateError('BAD_USAGE', '--simulate and --port exclude each other');
  }
  return loadConfig(givenSettings(flags), flags.config);
}

/** What existing dashboards connect to. */
const DEFAULT_WEB = { host: '127.0.0.1', port: 7654 };

function webAddress({ http: { listen } }: Config): WebAddress | undefined {
  if (listen === 'off') return undefined;
  return { ...(listen ?? DEFAULT_WEB), isRequired: listen !== undefined };
}

function givenSettings({
  port,
  baud,
  socket,
  tcp,
  http,
  state,
  simulate,
  nodes,
  seed,
}: StartFlags): GivenSettings {
  return {
    port,
    baud,
    socket,
    tcp: tcp === true ? DEFAULT_TCP_PORT : tcp,
    http: { listen: http },
    state,
    simulate,
    simulation: { nodes, seed },
  };
}

function simulated({ simulation }: Config, tables: Tables) {
  const { nodes, seed, rate_hz: rateHz, loss } = simulation;
  return openSimulatedLink({ clock: systemClock, tables, nodes, seed, rateHz, loss });
}

function serial({ port, baud, serial }: Config, log: Log) {
  const settings = {
    port,
    baud,
    dtr: serial.dtr,
    rts: serial.rts,
    openTimeoutMs: serial.open_timeout_ms,
    writeTimeoutMs: serial.write_timeout_ms,
  };
  return openPort(settings, { onChosen: (why) => log.info(`chose ${why}`) });
}

function greeting(config: Config, gateway: Gateway): string {
  const web = webLine(config, gateway.webUrl);
  const served = `${servedLine(config, gateway)}\n${web && `${web}\n`}`;
  return config.simulate ? served + simulationGreeting(config, gateway.socketPath) : served;
}

function servedLine({ tcp }: Config, { socketPath }: Gateway): string {
  const ports = tcp.map((port) => `, 127.0.0.1:${port}`).join('');
  return `meshgate ${packageVersion} serves clients on ${socketPath}${ports}`;
}

/** Whoever binds to more than this machine is told who may come in. */
function webLine({ http }: Config, url: string | undefined): string {
  if (url === undefined) return '';
  const hasToken = http.token !== undefined || http.read_token !== undefined;
  return `the dashboard is on ${url}${hasToken ? ', for those who show a token' : ''}`;
}

function simulationGreeting({ simulation }: Config, socketPath: string): string {
  const socket = socketFlag(socketPath);
  return `
The mesh is simulated: ${simulation.nodes} virtual nodes, seed ${simulation.seed}. No hardware is used.

Try next, in another terminal:
  npx meshgate nodes${socket}          what is known of the nodes
  npx meshgate watch${socket}          messages as they come, decoded
  npx meshgate ping all${socket}       round trip to each node, and loss

On real hardware, with the root on a USB cable:
  npx meshgate start

Ctrl-C ends it.
`;
}

/** What a client must be told to find this gateway; nothing where it looks there by itself. */
function socketFlag(socketPath: string): string {
  const found = findSocket(undefined, { ...process.env, MESHGATE_SOCKET: undefined });
  return found === socketPath ? '' : ` --socket ${socketPath}`;
}
