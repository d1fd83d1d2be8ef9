import type { CliCommand } from '../../cli-command.js';
import { FAULTS_HELP } from './faults-help.js';
import type { SimulateFlags } from './run-simulation.js';

export function addSimulateCommand(program: CliCommand): void {
  program
    .command('simulate')
    .description('serve a virtual mesh on a pseudo-terminal, for a separate gateway')
    .examples({
      'meshgate simulate --pty /tmp/root --nodes 50 --seed 7': 'then: meshgate start --port /tmp/root',
      'meshgate simulate --pty /tmp/root --faults noisy-cable': 'the same with faults',
    })
    .requiredOption('--pty <path>', 'path of the pseudo-terminal to create')
    .option('--nodes <n>', 'number of edge nodes')
    .option('--seed <n>', 'the same seed gives the same mesh')
    .option('--rate <hz>', 'data messages of each node per second')
    .option('--loss <p>', 'per-hop loss probability, 0 to 1')
    .option('--generation <n>', 'firmware generation: 1, 2 or 3')
    .option('--faults <file>', FAULTS_HELP)
    .action(async (flags: SimulateFlags) => {
      const { runSimulation } = await import('./run-simulation.js');
      await runSimulation(flags);
    });
}
