import { systemClock } from '../../../base/clock.js';
import { MeshgateError } from '../../../base/errors.js';
import { createLog, type Log } from '../../../base/log.js';
import { packageVersion } from '../../../base/package-root.js';
import { Stopping } from '../../../base/stopping.js';
import { findSocket } from '../../../client/index.js';
import type { GivenSettings } from '../../../config/given.js';
import type { Config } from '../../../config/schema.js';
import { loadConfig } from '../../../gateway/settings.js';
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
  readonly nodes?: string;
  readonly seed?: string;
  readonly generation?: string;
  readonly faults?: string;
  readonly replay?: string;
  readonly speed?: string;
  readonly config?: string;
}

/** The port of `--tcp` without one: what existing clients use. */
const DEFAULT_TCP_PORT = '5001';

/** systemd asks for no answer: word that it does not take is not waited for. */
const SYSTEMD_LIMIT_MS = 3000;

/** Runs until it is told to stop. Rejects with a `MeshgateError`. */
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
    tellLink(gateway, service);
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
    const word = new Stopping(SYSTEMD_LIMIT_MS);
    const toSystemd = { what: 'word to systemd', limitMs: SYSTEMD_LIMIT_MS, stop: () => service.stopping() };
    const [stopped] = await Promise.all([gateway.stop(), word.run(toSystemd)]);
    lostEvents = stopped.lostEvents;
    exitSoon([...stopped.unfinished, ...word.unfinished], log);
  }
  process.stdout.write(simulation?.report() ?? '');
  if (lostEvents > 0) {
    const text = `${lostEvents} events were not in the history when the gateway ended`;
    throw new MeshgateError('EVENTS_LOST', text, 'look for a slow or full disk in the log above');
  }
}

/** What few runs need is loaded only then: the simulator, and what replays a recording. */
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

/** Everything happens at the times of the recording; but clients are waited for as ever. It makes no history. */
async function replayParts(config: Config, { clock, link }: Replay) {
  const { configForReplay, noChance } = await import('../replay/run-replay.js');
  return {
    config: configForReplay(config),
    openLink: link.open,
    watchForDevices: link.watchForDevices,
    clock,
    clientClock: { ...systemClock, now: () => clock.now() },
    random: noChance,
  };
}

async function playToTheEnd(replay: Replay): Promise<void> {
  await replay.run();
  createLog('replay', undefined, replay.clock).info('the recording is over; the gateway stays up');
  await replay.goOn();
}

/** Rejects with `BAD_USAGE`, `BAD_RECORDING`, `FILE_FAILED` or `NO_PERMISSION`. */
async function readReplay({ replay, speed }: StartFlags): Promise<Replay | undefined> {
  if (replay === undefined) {
    if (speed !== undefined) throw new MeshgateError('BAD_USAGE', '--speed is for --replay');
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
  throw new MeshgateError('BAD_USAGE', `"${text}" is no speed`, 'give a number above 0, or max');
}

/** Attempts to open the link are not worth telling; what comes of them is. */
function tellLink({ hub }: Gateway, service: ServiceNotifier): void {
  hub.feed.subscribe((event) => {
    if (event.kind !== 'link' || event.status.state === 'opening') return;
    service.status(describeLinkStatus(event.status));
  });
}

/** Where lines are for programs, this one is too. */
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

/** Whoever reads the log may go (`| head`, a terminal that is closed): that must not end the gateway. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

function readConfig(flags: StartFlags): Config {
  const sources = (['simulate', 'port', 'replay'] as const).filter((flag) => flags[flag] !== undefined);
  if (sources.length > 1) {
    const named = sources.map((flag) => `--${flag}`).join(' and ');
    throw new MeshgateError('BAD_USAGE', `${named} exclude each other`);
  }
  const given = loadConfig(givenSettings(flags), flags.config);
  const config = flags.replay === undefined ? given : { ...given, simulate: false };
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
  const history = historyLine(config, gateway);
  const served = `${servedLine(config, gateway)}\n${roleGreeting(config)}${web && `${web}\n`}${history && `${history}\n`}`;
  return config.simulate ? served + simulationGreeting(config, gateway.socketPath) : served;
}

function servedLine({ tcp }: Config, { socketPath }: Gateway): string {
  const ports = tcp.map((port) => `, 127.0.0.1:${port}`).join('');
  return `meshgate ${packageVersion} serves clients on ${socketPath}${ports}`;
}

/** Where the sockets lie that are for some. */
function roleGreeting({ sockets }: Config): string {
  return sockets.map(({ path, role }) => `clients that may ${ROLE_WORDS[role]}: ${path}\n`).join('');
}

const ROLE_WORDS = { read: 'read', send: 'read and send', admin: 'do everything' } as const;

/** Whoever binds to more than this machine is told who may come in. */
function webLine({ http }: Config, url: string | undefined): string {
  if (url === undefined) return '';
  const hasToken = http.token !== undefined || http.read_token !== undefined;
  const isElsewhere = http.listen === undefined && Number(new URL(url).port) !== DEFAULT_WEB.port;
  const why = isElsewhere ? ` (port ${DEFAULT_WEB.port} is taken)` : '';
  return `the dashboard is on ${url}${why}${hasToken ? ', for those who show a token' : ''}`;
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
    speed === '1' ? 'at its own pace' : speed === 'max' ? 'as fast as it goes' : `${speed} times as fast`;
  return `the root is a recording, ${inputName(replay ?? '')}, replayed ${pace}\n`;
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
