import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';

export function addLogCommand(program: CliCommand): void {
  gatewayCommand(program, 'log', 'show a line to whoever watches')
    .argument('<text...>', 'the line')
    .action(async (words: readonly string[], flags: GatewayFlags) => {
      await askAndPrint(
        flags,
        (client) => client.call('log', { text: words.join(' ') }),
        () => '',
      );
    });
}
