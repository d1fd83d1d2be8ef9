import type { Command } from 'commander';
import { FAULTS_HELP } from './faults-help.js';
import type { SimulateFlags } from './run-simulation.js';

export function addSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('put a virtual mesh on a pseudo-terminal, for a gateway that is started separately')
    .requiredOption('--pty <path>', 'where the pseudo-terminal appears')
    .option('--nodes <n>', 'edge nodes')
    .option('--seed <n>', 'the same seed gives the same mesh')
    .option('--rate <hz>', 'data updates of each node, per second')
    .option('--loss <p>', 'share of messages that each hop loses, 0 to 1')
    .option('--generation <n>', 'firmware of the root and its nodes: 1, 2 or 3')
    .option('--faults <file>', FAULTS_HELP)
    .action(async (flags: SimulateFlags) => {
      const { runSimulation } = await import('./run-simulation.js');
      await runSimulation(flags);
    });
}
