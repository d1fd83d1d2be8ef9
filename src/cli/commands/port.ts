import { spawn } from 'node:child_process';
import { Option } from 'commander';
import { errorText, MeshgateError } from '../../base/errors.js';
import type { MeshgateClient } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { socketCommand } from '../gateway-command.js';
import { currentView, note, print, printJson } from '../output.js';
import { formatDuration, formatMoment, parseLength } from '../text/time.js';
import { type GatewayFlags, withClient, withLastingClient } from '../with-client.js';

interface ReleaseFlags extends GatewayFlags {
  readonly for?: string;
}

const DEFAULT_RELEASE_MS = 60_000;
/** While a command runs, the port is released for so long at a time: if this process is killed, it is taken back then. */
const LEASE_MS = 15_000;
const RENEW_MS = 5000;

export function addPortCommand(program: CliCommand): void {
  const port = program.command('port').description("the gateway's serial port");
  socketCommand(port, 'release', 'hand the port to another program for a while, such as a flashing tool')
    .reaching('socket')
    .addOption(new Option('--for <time>', 'how long: 60s, 5m (60 s unless given)'))
    .argument(
      '[command...]',
      'behind --: runs it, and takes the port back when it has ended, however it ends',
    )
    .action(async (command: readonly string[], flags: ReleaseFlags) => {
      if (command.length === 0) await releaseFor(flags);
      else await releaseDuring(command, flags);
    });
  socketCommand(port, 'take', 'take a port back that was released')
    .reaching('socket')
    .action(async (flags: GatewayFlags) => {
      const result = await withClient(flags, (client) => client.call('takePort', {}));
      if (flags.json) printJson(result);
      else print('The gateway opens the port again.\n');
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

/** The command's exit code becomes ours. */
async function releaseDuring(command: readonly string[], flags: ReleaseFlags): Promise<void> {
  if (flags.for !== undefined) {
    throw new MeshgateError('BAD_USAGE', '--for excludes a command: the port is free while that runs');
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
    note(`meshgate: the port could not be kept free: ${errorText(error)}`);
  }
}

/** Runs it on this terminal, with the port in MESHGATE_PORT. Resolves with its exit code. */
function runCommand([name = '', ...args]: readonly string[], port: string): Promise<number> {
  const child = spawn(name, args, { stdio: 'inherit', env: { ...process.env, MESHGATE_PORT: port } });
  // Ctrl-C goes to both: what it means is the command's to say.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  return new Promise<number>((resolve, reject) => {
    child.on('error', (error) => reject(new MeshgateError('BAD_USAGE', `${name}: ${error.message}`)));
    child.on('close', (code, signal) => resolve(code ?? (signal === null ? 1 : SIGNALLED)));
  }).finally(() => process.off('SIGINT', ignore));
}

/** As shells have it for a command that was ended by a signal. */
const SIGNALLED = 130;
