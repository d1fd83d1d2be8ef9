import type { Command } from 'commander';
import { allowFleet } from '../../fleet-choice.js';
import type { MonitorFlags } from './run-monitor.js';

export function addMonitorCommand(program: Command): void {
  const command = program
    .command('monitor')
    .description('with --fleet: the dashboard of all gateways, until Ctrl-C')
    .option('--http <address>', 'where: a port of 127.0.0.1, or HOST:PORT (default 127.0.0.1:7655)')
    .option('--config <path>', 'settings from this TOML file: its section [http]')
    .action(async (flags: MonitorFlags) => {
      const { runMonitor } = await import('./run-monitor.js');
      await runMonitor(flags);
    });
  allowFleet(command, 'own');
}
