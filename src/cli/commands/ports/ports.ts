import type { Command } from 'commander';
import { currentView, print, printJson } from '../../output.js';

export function addPortsCommand(program: Command): void {
  program
    .command('ports')
    .description('list serial ports, and which of them can be the root')
    .option('--json', 'JSON, for programs')
    .action(async ({ json }: { json?: true }) => {
      const { listPorts } = await import('../../../link/port-list.js');
      const { formatPorts } = await import('./ports-table.js');
      const ports = await listPorts();
      if (json) printJson({ ports });
      else print(formatPorts(ports, currentView().terminal));
    });
}
