import type { CliCommand } from '../../cli-command.js';
import type { MonitorFlags } from './run-monitor.js';

export function addMonitorCommand(program: CliCommand): void {
  program
    .command('monitor')
    .reaching('own')
    .description('with --fleet: the dashboard of all gateways, until Ctrl-C')
    .option('--http <address>', 'where: a port of 127.0.0.1, or HOST:PORT (default 127.0.0.1:7655)')
    .option('--config <path>', 'settings from this TOML file: its section [http]')
    .action(async (flags: MonitorFlags) => {
      const { runMonitor } = await import('./run-monitor.js');
      await runMonitor(flags);
    });
}
