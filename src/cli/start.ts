import type { Command } from 'commander';
import { systemClock } from '../clock.js';
import { type Config, type GivenSettings, loadConfig } from '../config.js';
import { MeshgateError } from '../errors.js';
import { Gateway, loadTables, type WebAddress } from '../gateway.js';
import { createLog } from '../log.js';
import { packageVersion } from '../package-root.js';
import type { Tables } from '../protocol/message.js';
import { openSimulatedLink } from '../simulator/simulated-link.js';
import { openPort } from '../uart/open-port.js';
import { watchForDevices } from '../uart/port-finder.js';
import { untilTerminated } from './until-terminated.js';

interface StartFlags {
  readonly port?: string;
  readonly baud?: string;
  readonly socket?: string;
  readonly tcp?: string | true;
  readonly http?: string;
  readonly simulate?: true;
  readonly nodes?: string;
  readonly seed?: string;
  readonly config?: string;
}

/** The port of `--tcp` without one: what existing clients use. */
const DEFAULT_TCP_PORT = '5001';

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('run the gateway until it is told to stop')
    .option('--port <port>', 'serial port: auto, a path, or usb:VID:PID[:SERIAL]')
    .option('--baud <n>', 'bits per second of the serial port')
    .option('--socket <path>', 'Unix socket for clients')
    .option('--tcp [port]', 'also serve clients on 127.0.0.1, port 5001 unless given')
    .option('--http <address>', 'dashboard: off, a port of 127.0.0.1, or HOST:PORT (default 127.0.0.1:7654)')
    .option('--simulate', 'run on a virtual mesh instead of a serial port')
    .option('--nodes <n>', 'edge nodes of the virtual mesh')
    .option('--seed <n>', 'the same seed gives the same virtual mesh')
    .option('--config <file>', 'TOML file with settings')
    .action((flags: StartFlags) => start(flags));
}

async function start(flags: StartFlags): Promise<void> {
  const terminated = untilTerminated();
  const config = readConfig(flags);
  const tables = loadTables(config);
  const gateway = new Gateway({
    config,
    tables,
    web: webAddress(config),
    openLink: config.simulate ? simulated(config, tables) : serial(config),
    watchForDevices: (onChange) => (config.simulate ? () => {} : watchForDevices(config.port, onChange)),
  });
  try {
    await gateway.serve();
    process.stdout.write(greeting(config, gateway.socketPath));
    gateway.connect();
    await terminated;
  } finally {
    await gateway.stop();
  }
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

function givenSettings({ port, baud, socket, tcp, http, simulate, nodes, seed }: StartFlags): GivenSettings {
  return {
    port,
    baud,
    socket,
    tcp: tcp === true ? DEFAULT_TCP_PORT : tcp,
    http: { listen: http },
    simulate,
    simulation: { nodes, seed },
  };
}

function simulated({ simulation }: Config, tables: Tables) {
  const { nodes, seed, rate_hz: rateHz, loss } = simulation;
  return openSimulatedLink({ clock: systemClock, tables, nodes, seed, rateHz, loss });
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

function greeting(config: Config, socketPath: string): string {
  const tcp = config.tcp.map((port) => `, 127.0.0.1:${port}`).join('');
  const served = `meshgate ${packageVersion} serves clients on ${socketPath}${tcp}\n`;
  return config.simulate ? served + simulationGreeting(config, socketPath) : served;
}

function simulationGreeting({ simulation }: Config, socketPath: string): string {
  return `
The mesh is simulated: ${simulation.nodes} virtual nodes, seed ${simulation.seed}. No hardware is used.

Try next, in another terminal:
  node examples/ask.mjs ${socketPath} ACT-C          how many nodes are active
  node examples/ask.mjs ${socketPath} NINFO          everything that is known, as JSON
  node examples/listen.mjs ${socketPath}             messages as they come

On real hardware, with the root on a USB cable:
  npx meshgate start

Ctrl-C ends it.
`;
}
