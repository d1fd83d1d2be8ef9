import type { Command } from 'commander';
import { listPorts } from '../uart/port-finder.js';
import { formatPorts } from './ports-table.js';

export function addPortsCommand(program: Command): void {
  program
    .command('ports')
    .description('list serial ports, and which of them can be the root')
    .option('--json', 'one JSON array')
    .action(async ({ json }: { json?: true }) => {
      const ports = await listPorts();
      process.stdout.write(json ? `${JSON.stringify(ports, null, 2)}\n` : formatPorts(ports));
    });
}
