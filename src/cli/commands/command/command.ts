import {
  type CommandInfo,
  type CommandParams,
  type DeviceDetails,
  type MeshgateClient,
  RequestError,
} from '../../../client/index.js';
import type { CliCommand } from '../../cli-command.js';
import { EXIT, endWith } from '../../exit-codes.js';
import { gatewayCommand } from '../../gateway-command.js';
import { currentView, type GatewayScope, print } from '../../output.js';
import { parseNode } from '../../text/address.js';
import { describeCommand } from '../../text/command-text.js';
import { type GatewayFlags, withClients, withLastingClient } from '../../with-client.js';
import { parseArguments } from './command-arguments.js';
import { isConfirmed } from './confirm.js';
import { follow } from './follow.js';
import { formatCommand } from './format-command.js';

interface CommandFlags extends GatewayFlags {
  readonly follow?: true;
  readonly yes?: true;
}

const MORE_HELP = `
A command marked hazardous moves, switches or heats something: it is confirmed on a terminal, or with --yes.

While following, Ctrl-C aborts a command that can be aborted, and its end is still shown; a second Ctrl-C quits at once.
A command that cannot be aborted goes on when you press Ctrl-C.

Exit codes:
  0  accepted by the device; with --follow: completed
  1  refused, failed, aborted, not confirmed, or no longer followed
  2  usage error, such as an argument that is not allowed
  3  no gateway is running
  4  permission denied
  5  no link to the device
`;

export function addCommandCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'command',
    'give a device a command',
    {
      'meshgate command stage move position=12.5 --follow': 'give it, and print each stage until it ends',
      'meshgate command stage home --yes --json': 'for a script: confirmed, and the reply as JSON',
    },
    'one',
  )
    .argument('<device>', 'id of the device')
    .argument('<name>', 'name of the command; to list them: meshgate device ID')
    .argument('[arguments...]', 'its arguments, as key=value')
    .option('--follow', 'print each stage, with progress, until the command has ended')
    .option('--yes', 'confirm a hazardous command')
    .addHelpText('after', MORE_HELP)
    .action(async (device: string, name: string, words: readonly string[], flags: CommandFlags) => {
      const connected = flags.follow ? withLastingClient : withClients;
      await connected(flags, (client, scope) => giveCommand({ device, name, words, flags }, client, scope));
    });
}

interface Given {
  readonly device: string;
  readonly name: string;
  readonly words: readonly string[];
  readonly flags: CommandFlags;
}

async function giveCommand(
  { device, name, words, flags }: Given,
  client: MeshgateClient,
  scope: GatewayScope,
): Promise<void> {
  const details = await client.device(parseNode(device));
  const definition = findCommand(details, name);
  const params = {
    device: details.id,
    name: definition.name,
    arguments: parseArguments(definition, words),
  };
  if (!(await mayBeSent(definition, params, flags))) return;
  const json = flags.json ?? false;
  if (flags.follow) await follow({ client, scope, definition, params, json });
  else await untilAccepted({ client, scope, definition, params, json });
}

/** Throws `COMMAND_NOT_FOUND`, as the gateway would. */
function findCommand({ id, commands }: DeviceDetails, name: string): CommandInfo {
  const key = name.toLowerCase();
  const found = commands.find((command) => command.name.toLowerCase() === key);
  if (found) return found;
  const names = commands.map((command) => command.name).join(', ') || 'none';
  throw new RequestError('COMMAND_NOT_FOUND', `${id} has no command "${name}" (available: ${names})`);
}

/** Throws `BAD_USAGE` if nobody can be asked. */
async function mayBeSent(
  { name, summary, hazardous }: CommandInfo,
  params: CommandParams,
  { yes }: CommandFlags,
): Promise<boolean> {
  if (!hazardous || yes) return true;
  const given = describeCommand({ command: { name, arguments: params.arguments ?? {} } });
  return isConfirmed(
    `${name} is hazardous: it moves, switches or heats something`,
    `${params.device} ${given}: ${summary}. This is hazardous. Continue?`,
  );
}

interface Asked {
  readonly client: MeshgateClient;
  readonly scope: GatewayScope;
  readonly definition: CommandInfo;
  readonly params: CommandParams;
  readonly json: boolean;
}

async function untilAccepted({ client, scope, definition, params, json }: Asked): Promise<void> {
  const delivery = await client.command(params);
  if (json) scope.printJson(delivery);
  else print(formatCommand(delivery, definition.abortable, currentView(scope.gateway)));
  if (delivery.stage === 'queued' || delivery.stage === 'aborted') endWith(EXIT.failed);
}
