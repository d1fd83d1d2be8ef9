import { findSocket } from '../../client/index.js';
import { type Config, type GivenSettings, loadConfig } from '../../config.js';
import { MeshgateError } from '../../errors.js';
import { Gateway, loadTables, type WebAddress } from '../../gateway.js';
import { createLog } from '../../log.js';
import { packageVersion } from '../../package-root.js';
import { openLinkTo } from '../../simulator/simulated-link.js';
import { openPort } from '../../uart/open-port.js';
import { watchForDevices } from '../../uart/port-finder.js';
import { createSimulation } from './simulation.js';
import type { StartFlags } from './start.js';
import { untilTerminated } from './until-terminated.js';

/** The port of `--tcp` without one: what existing clients use. */
const DEFAULT_TCP_PORT = '5001';

/** Runs until it is told to stop. Rejects with a `MeshgateError`. */
export async function runGateway(flags: StartFlags): Promise<void> {
  const terminated = untilTerminated();
  outliveReaders();
  const config = readConfig(flags);
  const tables = loadTables(config);
  const simulation = config.simulate ? createSimulation(config, tables) : undefined;
  const gateway = new Gateway({
    config,
    tables,
    web: webAddress(config),
    hasHistory: config.history.enabled,
    openLink: simulation ? openLinkTo(simulation.uart) : serial(config),
    watchForDevices: (onChange) => (config.simulate ? () => {} : watchForDevices(config.port, onChange)),
  });
  try {
    await gateway.serve();
    process.stdout.write(greeting(config, gateway));
    gateway.connect();
    await terminated;
  } finally {
    await gateway.stop();
  }
  process.stdout.write(simulation?.report() ?? '');
}

/** Whoever reads the log may go (`| head`, a terminal that is closed): that must not end the gateway. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

function readConfig(flags: StartFlags): Config {
  if (flags.simulate && flags.port !== undefined) {
    throw new MeshgateError('BAD_USAGE', '--simulate and --port exclude each other');
  }
  const config = loadConfig(givenSettings(flags), flags.config);
  if (flags.faults !== undefined && !config.simulate) {
    throw new MeshgateError('BAD_USAGE', '--faults is for a virtual mesh only', 'add --simulate');
  }
  return config;
}

/** What existing dashboards connect to. */
const DEFAULT_WEB = { host: '127.0.0.1', port: 7654 };

function webAddress({ http: { listen } }: Config): WebAddress | undefined {
  if (listen === 'off') return undefined;
  return { ...(listen ?? DEFAULT_WEB), isRequired: listen !== undefined };
}

function givenSettings(flags: StartFlags): GivenSettings {
  const { port, baud, socket, tcp, http, state, simulate, nodes, seed, generation, faults } = flags;
  return {
    port,
    baud,
    socket,
    tcp: tcp === true ? DEFAULT_TCP_PORT : tcp,
    http: { listen: http },
    state,
    simulate,
    simulation: { nodes, seed, generation, faults },
  };
}

function serial({ port, baud, serial }: Config) {
  const log = createLog('uart');
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

function greeting(config: Config, { socketPath, webUrl }: Gateway): string {
  const tcp = config.tcp.map((port) => `, 127.0.0.1:${port}`).join('');
  const served = `meshgate ${packageVersion} serves clients on ${socketPath}${tcp}\n${webGreeting(config, webUrl)}`;
  return config.simulate ? served + simulationGreeting(config, socketPath) : served;
}

/** Whoever binds to more than this machine is told who may come in. */
function webGreeting({ http }: Config, url: string | undefined): string {
  if (url === undefined) return '';
  const hasToken = http.token !== undefined || http.read_token !== undefined;
  return `the dashboard is on ${url}${hasToken ? ', for those who show a token' : ''}\n`;
}

function simulationGreeting({ simulation }: Config, socketPath: string): string {
  const socket = socketFlag(socketPath);
  return `
The mesh is simulated: ${simulation.nodes} virtual nodes, seed ${simulation.seed}. No hardware is used.
${simulation.faults === undefined ? '' : `The faults are those of ${simulation.faults}.\n`}
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
