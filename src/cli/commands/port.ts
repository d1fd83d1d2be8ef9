import { spawn } from 'node:child_process';
import { Option } from 'commander';
import { errorText, MeshgateError } from '../../base/errors.js';
import type { MeshgateClient } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { socketCommand } from '../gateway-command.js';
import { currentView, note, print, printJson } from '../output.js';
import { systemErrorText } from '../text/system-error.js';
import { formatDuration, formatMoment, parseLength } from '../text/time.js';
import { type GatewayFlags, withClient, withLastingClient } from '../with-client.js';

interface ReleaseFlags extends GatewayFlags {
  readonly for?: string;
}

const DEFAULT_RELEASE_MS = 60_000;
/** Lease while a command runs: if this process is killed, the gateway takes the port back after this long. */
const LEASE_MS = 15_000;
const RENEW_MS = 5000;

export function addPortCommand(program: CliCommand): void {
  const port = program
    .command('port')
    .description('lend the serial port to another program')
    .examples({ 'meshgate port release --for 5m': 'free the port for five minutes' });
  socketCommand(
    port,
    'release',
    'close the port, so that another program such as a flashing tool can use it',
    {
      'meshgate port release --for 5m': 'free the port for five minutes',
      'meshgate port release -- esptool.py flash_id': 'run a program; it finds the port in MESHGATE_PORT',
    },
  )
    .reaching('socket')
    .addOption(new Option('--for <time>', 'how long: 60s, 5m (default: 60s)'))
    .argument('[command...]', 'after --: run this command, then reopen the port whatever its exit status')
    .action(async (command: readonly string[], flags: ReleaseFlags) => {
      if (command.length === 0) await releaseFor(flags);
      else await releaseDuring(command, flags);
    });
  socketCommand(port, 'take', 'reopen the port before the time of a release is over', {
    'meshgate port take': 'reopen the port now',
  })
    .reaching('socket')
    .action(async (flags: GatewayFlags) => {
      const result = await withClient(flags, (client) => client.call('takePort', {}));
      if (flags.json) printJson(result);
      else print('The gateway is reopening the port.\n');
    });
}

async function releaseFor(flags: ReleaseFlags): Promise<void> {
  const forMs = flags.for === undefined ? DEFAULT_RELEASE_MS : parseLength(flags.for);
  const result = await withClient(flags, (client) => client.call('releasePort', { forMs }));
  if (flags.json) printJson(result);
  else {
    const until = formatMoment(result.until, currentView());
    print(`${result.port ?? 'The port'} is free for ${formatDuration(forMs)}, until ${until}.\n`);
  }
}

/** Exits with the exit code of the command. */
async function releaseDuring(command: readonly string[], flags: ReleaseFlags): Promise<void> {
  if (flags.for !== undefined) {
    throw new MeshgateError(
      'BAD_USAGE',
      '--for cannot be used with a command: the port is free while the command runs',
    );
  }
  const [ended] = await withLastingClient(flags, async (client) => {
    const { port } = await client.call('releasePort', { forMs: LEASE_MS });
    const renewal = setInterval(() => void renew(client), RENEW_MS);
    try {
      return await runCommand(command, port ?? '');
    } finally {
      clearInterval(renewal);
      await client.call('takePort', {});
    }
  });
  process.exitCode = ended?.result;
}

async function renew(client: MeshgateClient): Promise<void> {
  try {
    await client.call('releasePort', { forMs: LEASE_MS });
  } catch (error) {
    note(`meshgate: cannot keep the port free: ${errorText(error)}`);
  }
}

/** Runs it on this terminal, with the port in MESHGATE_PORT. Resolves with its exit code. */
function runCommand([name = '', ...args]: readonly string[], port: string): Promise<number> {
  const child = spawn(name, args, { stdio: 'inherit', env: { ...process.env, MESHGATE_PORT: port } });
  // Ctrl-C reaches both processes; the command decides what to do.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  return new Promise<number>((resolve, reject) => {
    child.on('error', (error) =>
      reject(new MeshgateError('BAD_USAGE', `cannot run ${name}: ${systemErrorText(error)}`)),
    );
    child.on('close', (code, signal) => resolve(code ?? (signal === null ? 1 : SIGNALLED)));
  }).finally(() => process.off('SIGINT', ignore));
}

/** The exit code that shells use for a command ended by a signal. */
const SIGNALLED = 130;
