import type { CliCommand } from '../../cli-command.js';
import { currentView, print, printJson } from '../../output.js';

export function addPortsCommand(program: CliCommand): void {
  program
    .command('ports')
    .description('list serial ports, and which of them may be the root')
    .examples({ 'meshgate ports': 'path, USB id and adapter of every port' })
    .option('--json', 'print JSON, for programs')
    .action(async ({ json }: { json?: true }) => {
      const { listPorts } = await import('../../../link/port-list.js');
      const { formatPorts } = await import('./ports-table.js');
      const ports = await listPorts();
      if (json) printJson({ ports });
      else print(formatPorts(ports, currentView().terminal));
    });
}
