import type { CliCommand } from '../../cli-command.js';
import type { MonitorFlags } from './run-monitor.js';

export function addMonitorCommand(program: CliCommand): void {
  program
    .command('monitor')
    .reaching('own')
    .description('with --fleet: serve a dashboard of all gateways until Ctrl-C')
    .examples({ 'meshgate --fleet mqtt://broker.example monitor': 'then open http://127.0.0.1:7655/' })
    .option('--http <address>', 'port on 127.0.0.1, or HOST:PORT (default: 127.0.0.1:7655)')
    .option('--config <path>', 'TOML file with settings; only its section [http] is used')
    .action(async (flags: MonitorFlags) => {
      const { runMonitor } = await import('./run-monitor.js');
      await runMonitor(flags);
    });
}
