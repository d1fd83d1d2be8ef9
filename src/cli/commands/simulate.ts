import type { Command } from 'commander';

export interface SimulateFlags {
  readonly pty: string;
  readonly nodes?: string;
  readonly seed?: string;
  readonly rate?: string;
  readonly loss?: string;
}

export function addSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('put a virtual mesh on a pseudo-terminal, for a gateway that is started separately')
    .requiredOption('--pty <path>', 'where the pseudo-terminal appears')
    .option('--nodes <n>', 'edge nodes')
    .option('--seed <n>', 'the same seed gives the same mesh')
    .option('--rate <hz>', 'data updates of each node, per second')
    .option('--loss <p>', 'share of messages that each hop loses, 0 to 1')
    .action(async (flags: SimulateFlags) => {
      const { runSimulation } = await import('./run-simulation.js');
      await runSimulation(flags);
    });
}
