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
    'make the root forget its network; every node must be provisioned again',
    { 'meshgate clean --yes': 'cannot be undone' },
    'one',
  )
    .option('--yes', 'confirm')
    .action(async (flags: CleanFlags) => {
      if (!flags.yes) throw refusal();
      await askAndPrint(
        flags,
        (client) => client.call('clean', { confirm: true }),
        () => 'Command sent: the root forgets its network and restarts.\n',
      );
    });
}

function refusal(): MeshgateError {
  return new MeshgateError(
    'BAD_USAGE',
    'the root would forget its network, and every node must be provisioned again; this cannot be undone',
    'to confirm: meshgate clean --yes',
  );
}
