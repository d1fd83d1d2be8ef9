import type { Command } from 'commander';
import { FAULTS_HELP } from '../simulate/faults-help.js';
import type { StartFlags } from './run-gateway.js';

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('run the gateway until it is told to stop')
    .option('--port <port>', 'serial port: auto, a path, or usb:VID:PID[:SERIAL]')
    .option('--baud <n>', 'bits per second of the serial port')
    .option('--socket <path>', 'Unix socket for clients')
    .option('--tcp [port]', 'also serve clients on 127.0.0.1, port 5001 unless given')
    .option(
      '--http <address>',
      'dashboard: off, a port of 127.0.0.1, or HOST:PORT (default 127.0.0.1:7654, or a free port after it)',
    )
    .option('--mqtt <url>', 'also join an MQTT broker: mqtt://HOST[:PORT], or mqtts:')
    .option('--state <directory>', 'where history is kept')
    .option('--simulate', 'run on a virtual mesh instead of a serial port')
    .option('--nodes <n>', 'edge nodes of the virtual mesh')
    .option('--seed <n>', 'the same seed gives the same virtual mesh')
    .option('--generation <n>', 'firmware of the virtual mesh: 1, 2 or 3')
    .option('--faults <file>', FAULTS_HELP)
    .option('--replay <file>', 'run on a recording instead of a serial port')
    .option('--speed <n>', 'so many times as fast as it was recorded; max: as fast as it goes')
    .option('--config <file>', 'TOML file with settings')
    .action(async (flags: StartFlags) => {
      // Loaded only here: it takes longer than most other commands take in all.
      const { runGateway } = await import('./run-gateway.js');
      await runGateway(flags);
    });
}
