import { systemClock } from '../../../base/clock.js';
import { MeshgateError } from '../../../base/errors.js';
import { createLog, type Log } from '../../../base/log.js';
import { packageVersion } from '../../../base/package-root.js';
import { Stopping } from '../../../base/stopping.js';
import { findSocket } from '../../../client/index.js';
import type { GivenSettings } from '../../../config/given.js';
import type { Config } from '../../../config/schema.js';
import { configuredPorts } from '../../../devices/load.js';
import { loadConfig, withDemoDevice } from '../../../gateway/settings.js';
import { Gateway, loadTables, type WebAddress } from '../../../gateway.js';
import { describeLinkStatus } from '../../../link/describe-link.js';
import { watchForDevices } from '../../../link/device-watch.js';
import type { OpenLink } from '../../../link/link.js';
import { openPort } from '../../../link/open-port.js';
import type { Tables } from '../../../protocol/message.js';
import type { Replay } from '../../../replay/replay.js';
import { ServiceNotifier } from '../../../systemd/notifier.js';
import { takePassedSocket } from '../../../systemd/passed-socket.js';
import { inputName, readInput } from '../../files.js';
import { logFatalErrors } from '../log-fatal-errors.js';
import { untilTerminated } from '../until-terminated.js';
import { exitSoon } from './exit-soon.js';
import { onHangUp } from './hang-up.js';
import { limitHeapGrowth } from './heap.js';
import { reload } from './reload.js';
import type { Simulation } from './simulation.js';

export interface StartFlags {
  readonly port?: string;
  readonly baud?: string;
  readonly socket?: string;
  readonly tcp?: string | true;
  readonly http?: string;
  readonly mqtt?: string;
  readonly state?: string;
  readonly simulate?: true;
  readonly demo?: true;
  readonly nodes?: string;
  readonly seed?: string;
  readonly generation?: string;
  readonly faults?: string;
  readonly replay?: string;
  readonly speed?: string;
  readonly config?: string;
}

/** For `--tcp` without a port: the one that existing clients use. */
const DEFAULT_TCP_PORT = '5001';

/** systemd does not acknowledge notifications: do not wait longer than this for it to read one. */
const SYSTEMD_LIMIT_MS = 3000;

/** Runs until it is terminated. Rejects with a `MeshgateError`. */
export async function runGateway(flags: StartFlags): Promise<void> {
  const terminated = untilTerminated();
  outliveReaders();
  const passedSocket = takePassedSocket();
  const config = readConfig(flags);
  const tables = loadTables(config);
  const logOf = (room: string) => createLog(room, undefined, undefined, () => gateway.logFormat);
  const replay = await readReplay(flags);
  const simulation = config.simulate ? await simulate(config, tables) : undefined;
  const parts = replay ? await replayParts(config, replay) : linkParts(config, simulation, logOf('uart'));
  const gateway = new Gateway({ tables, web: webAddress(config), passedSocket, ...parts });
  const log = logOf('gateway');
  logFatalErrors(log);
  const service = new ServiceNotifier(log);
  let lostEvents = 0;
  const onServed = () => {
    limitHeapGrowth();
    onHangUp(() => {
      service.reloading();
      reload(gateway, () => readConfig(flags), log);
      service.ready();
    });
    greet(config, gateway, log, replay ? replayGreeting(flags) : '');
    reportLink(gateway, service);
    gateway.connect();
    service.ready();
    if (replay) void playToTheEnd(replay);
  };
  try {
    const first = await Promise.race([gateway.serve().then(() => 'served' as const), terminated]);
    if (first === 'served') onServed();
    await terminated;
  } finally {
    replay?.stop();
    const notifying = new Stopping(SYSTEMD_LIMIT_MS);
    const toSystemd = {
      what: 'notification of systemd',
      limitMs: SYSTEMD_LIMIT_MS,
      stop: () => service.stopping(),
    };
    const [stopped] = await Promise.all([gateway.stop(), notifying.run(toSystemd)]);
    lostEvents = stopped.lostEvents;
    exitSoon([...stopped.unfinished, ...notifying.unfinished], log);
  }
  process.stdout.write(simulation?.report() ?? '');
  if (lostEvents > 0) {
    const text = `${lostEvents} events were not stored in the history before the gateway exited`;
    throw new MeshgateError('EVENTS_LOST', text, 'check the log above for a slow or full disk');
  }
}

/** The simulator is loaded on demand, as is replay. */
async function simulate(
  config: Config,
  tables: Tables,
): Promise<Simulation & { readonly openLink: OpenLink }> {
  const { createSimulation } = await import('./simulation.js');
  const { openLinkTo } = await import('../../../simulator/simulated-link.js');
  const simulation = createSimulation(config, tables);
  return { ...simulation, openLink: openLinkTo(simulation.uart) };
}

function linkParts(config: Config, simulation: { readonly openLink: OpenLink } | undefined, log: Log) {
  return {
    config,
    hasHistory: config.history.enabled,
    openLink: simulation?.openLink ?? serial(config, log),
    watchForDevices: (onChange: () => void) =>
      simulation ? () => {} : watchForDevices(config.port, onChange),
  };
}

/** The gateway runs at the times of the recording, but timeouts of clients use the system clock. No history is written. */
async function replayParts(config: Config, { clock, link }: Replay) {
  const { configForReplay, noChance } = await import('../replay/run-replay.js');
  return {
    config: configForReplay(config),
    hasDevices: false,
    openLink: link.open,
    watchForDevices: link.watchForDevices,
    clock,
    clientClock: { ...systemClock, now: () => clock.now() },
    random: noChance,
  };
}

async function playToTheEnd(replay: Replay): Promise<void> {
  await replay.run();
  createLog('replay', undefined, replay.clock).info('end of the recording; the gateway keeps running');
  await replay.continueLive();
}

/** Rejects with `BAD_USAGE`, `BAD_RECORDING`, `FILE_FAILED` or `NO_PERMISSION`. */
async function readReplay({ replay, speed }: StartFlags): Promise<Replay | undefined> {
  if (replay === undefined) {
    if (speed !== undefined) throw new MeshgateError('BAD_USAGE', '--speed needs --replay FILE');
    return undefined;
  }
  const { openRecording } = await import('../../../recorder/recording.js');
  const { Replay } = await import('../../../replay/replay.js');
  const recording = openRecording(inputName(replay), await readInput(replay));
  return new Replay({ recording, speed: speed === undefined ? 1 : readSpeed(speed) });
}

function readSpeed(text: string): number | 'max' {
  const speed = Number(text);
  if (text === 'max' || (/^\d+(\.\d+)?$/.test(text) && speed > 0)) return text === 'max' ? text : speed;
  throw new MeshgateError('BAD_USAGE', `invalid speed "${text}"`, 'use a number above 0, or max');
}

/** Reports the state of the link to systemd, except attempts to open it. */
function reportLink({ hub }: Gateway, service: ServiceNotifier): void {
  hub.feed.subscribe((event) => {
    if (event.kind !== 'link' || event.status.state === 'opening') return;
    service.status(describeLinkStatus(event.status));
  });
}

/** With a log format for programs, the banner is a log line. */
function greet(config: Config, gateway: Gateway, log: Log, more: string): void {
  if (config.log.format === 'text') process.stdout.write(greeting(config, gateway) + more);
  else {
    const lines = [
      servedLine(config, gateway),
      webLine(config, gateway.webUrl),
      historyLine(config, gateway),
    ];
    log.info(lines.filter(Boolean).join('; '));
  }
}

/** A closed pipe or terminal (`| head`) must not end the gateway. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

function readConfig(flags: StartFlags): Config {
  const sources = (['simulate', 'port', 'replay'] as const).filter((flag) => flags[flag] !== undefined);
  if (sources.length > 1) {
    const named = sources.map((flag) => `--${flag}`).join(' and ');
    throw new MeshgateError('BAD_USAGE', `${named} cannot be used together`);
  }
  const given = loadConfig(givenSettings(flags), flags.config);
  const loaded = flags.demo ? withDemoDevice(given) : given;
  const config = flags.replay === undefined ? loaded : { ...loaded, simulate: false };
  if (flags.faults !== undefined && !config.simulate) {
    throw new MeshgateError('BAD_USAGE', '--faults needs a virtual mesh', 'add --simulate');
  }
  return config;
}

/** The address that existing dashboards use. */
const DEFAULT_WEB = { host: '127.0.0.1', port: 7654 };

function webAddress({ http: { listen } }: Config): WebAddress | undefined {
  if (listen === 'off') return undefined;
  return { ...(listen ?? DEFAULT_WEB), isRequired: listen !== undefined };
}

function givenSettings(flags: StartFlags): GivenSettings {
  const { port, baud, socket, tcp, http, mqtt, state, simulate, nodes, seed, generation, faults } = flags;
  return {
    port,
    baud,
    socket,
    tcp: tcp === true ? DEFAULT_TCP_PORT : tcp,
    http: { listen: http },
    mqtt: { url: mqtt },
    state,
    simulate,
    simulation: { nodes, seed, generation, faults },
  };
}

function serial(config: Config, log: Log) {
  const { port, baud, serial } = config;
  const settings = {
    port,
    baud,
    dtr: serial.dtr,
    rts: serial.rts,
    openTimeoutMs: serial.open_timeout_ms,
    writeTimeoutMs: serial.write_timeout_ms,
  };
  const reserved = () => configuredPorts(config);
  return openPort(settings, { reserved, onChosen: (why) => log.info(`chose ${why}`) });
}

function greeting(config: Config, gateway: Gateway): string {
  const web = webLine(config, gateway.webUrl);
  const history = historyLine(config, gateway);
  const served = `${servedLine(config, gateway)}\n${roleGreeting(config)}${web && `${web}\n`}${history && `${history}\n`}`;
  return config.simulate ? served + simulationGreeting(config, gateway.socketPath) : served;
}

function servedLine({ tcp }: Config, { socketPath }: Gateway): string {
  const ports = tcp.map((port) => `, 127.0.0.1:${port}`).join('');
  return `meshgate ${packageVersion} serves clients on ${socketPath}${ports}`;
}

/** The sockets with a role. */
function roleGreeting({ sockets }: Config): string {
  return sockets.map(({ path, role }) => `${ROLE_WORDS[role]}: ${path}\n`).join('');
}

const ROLE_WORDS = {
  read: 'socket for reading only',
  send: 'socket for reading and sending',
  admin: 'socket with all rights',
} as const;

/** Says if a token is required. */
function webLine({ http }: Config, url: string | undefined): string {
  if (url === undefined) return '';
  const hasToken = http.token !== undefined || http.read_token !== undefined;
  const isElsewhere = http.listen === undefined && Number(new URL(url).port) !== DEFAULT_WEB.port;
  const why = isElsewhere ? ` (port ${DEFAULT_WEB.port} is in use)` : '';
  return `dashboard: ${url}${why}${hasToken ? ', token required' : ''}`;
}

/** Nothing while history is written to its file, or is off. */
function historyLine({ history }: Config, { hub }: Gateway): string {
  const { file, fault } = hub.archive.status();
  return history.enabled && file === undefined && fault !== undefined
    ? `history is in memory only: ${fault}`
    : '';
}

function replayGreeting({ replay, speed = '1' }: StartFlags): string {
  const pace =
    speed === '1'
      ? 'at its original speed'
      : speed === 'max'
        ? 'at maximum speed'
        : `at ${speed} times its speed`;
  return `replaying ${inputName(replay ?? '')} ${pace}\n`;
}

function simulationGreeting({ simulation }: Config, socketPath: string): string {
  const socket = socketFlag(socketPath);
  return `
Simulated mesh: ${simulation.nodes} virtual nodes, seed ${simulation.seed}. No hardware is used.
${simulation.faults === undefined ? '' : `Faults: ${simulation.faults}.\n`}
Try next, in another terminal:
  npx meshgate nodes${socket}          all nodes and their latest values
  npx meshgate watch${socket}          decoded messages, live
  npx meshgate ping all${socket}       round-trip time and loss of each node

With real hardware, the root on a USB cable:
  npx meshgate start

Press Ctrl-C to stop.
`;
}

/** The flag that a client needs to find this gateway; empty for the default socket. */
function socketFlag(socketPath: string): string {
  const found = findSocket(undefined, { ...process.env, MESHGATE_SOCKET: undefined });
  return found === socketPath ? '' : ` --socket ${socketPath}`;
}
