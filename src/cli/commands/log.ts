import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';

export function addLogCommand(program: CliCommand): void {
  gatewayCommand(program, 'log', 'send a log line to all watchers', {
    'meshgate log moved node 5 to the pump house': 'shown to everyone who watches',
  })
    .argument('<text...>', 'the text')
    .action(async (words: readonly string[], flags: GatewayFlags) => {
      await askAndPrint(
        flags,
        (client) => client.call('log', { text: words.join(' ') }),
        () => '',
      );
    });
}
