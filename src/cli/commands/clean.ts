import { MeshgateError } from '../../base/errors.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';

interface CleanFlags extends GatewayFlags {
  readonly yes?: true;
}

export function addCleanCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'clean',
    'let the root forget its network; every node must be provisioned again',
    'one',
  )
    .option('--yes', 'yes, forget it')
    .action(async (flags: CleanFlags) => {
      if (!flags.yes) throw refusal();
      await askAndPrint(
        flags,
        (client) => client.call('clean', { confirm: true }),
        () => 'The root was told to forget its network and to restart.\n',
      );
    });
}

function refusal(): MeshgateError {
  return new MeshgateError(
    'BAD_USAGE',
    'this makes the root forget its network, and can not be undone: every node must be provisioned again',
    'if that is what you want: meshgate clean --yes',
  );
}
