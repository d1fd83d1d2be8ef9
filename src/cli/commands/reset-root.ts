import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';

export function addResetRootCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'reset-root',
    'restart the root',
    { 'meshgate reset-root': 'nodes are disconnected until they are heard again' },
    'one',
  ).action(async (flags: GatewayFlags) => {
    await askAndPrint(
      flags,
      (client) => client.call('resetRoot', {}),
      () => 'Command sent: the root restarts. Nodes are disconnected until they are heard again.\n',
    );
  });
}
