import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';

export function addResetRootCommand(program: CliCommand): void {
  gatewayCommand(program, 'reset-root', 'restart the root', 'one').action(async (flags: GatewayFlags) => {
    await askAndPrint(
      flags,
      (client) => client.call('resetRoot', {}),
      () => 'The root was told to restart. Every node is disconnected until it is heard again.\n',
    );
  });
}
