import type { MeshgateClient } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { formatAddress, parseNode } from '../text/address.js';
import type { View } from '../text/terminal.js';
import type { GatewayFlags } from '../with-client.js';

type Forgotten = Awaited<ReturnType<MeshgateClient['forget']>>;

export function addForgetCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'forget',
    'remove a node with its values and alarms, until it is heard again',
    { 'meshgate forget 5': 'remove node 0x0005' },
    'one',
  )
    .argument('<node>', 'address (5, 0x5) or name')
    .action(async (node: string, flags: GatewayFlags) => {
      const wanted = parseNode(node);
      await askAndPrint(flags, (client) => client.forget(wanted), formatForgotten);
    });
}

function formatForgotten({ node, stored }: Forgotten, { gateway }: View): string {
  const done = `Removed ${formatAddress(node, gateway)}. It comes back when it is heard, or listed by the root.\n`;
  return stored
    ? done
    : `${done}The history cannot be written at the moment: a restart may bring the node back.\n`;
}
