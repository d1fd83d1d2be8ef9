import type { CliCommand } from '../../cli-command.js';
import { FAULTS_HELP } from '../simulate/faults-help.js';
import type { StartFlags } from './run-gateway.js';

export function addStartCommand(program: CliCommand): void {
  program
    .command('start')
    .description('run the gateway until Ctrl-C or SIGTERM')
    .examples({
      'meshgate start --simulate': 'on a virtual mesh, without hardware',
      'meshgate start --port /dev/ttyUSB0 --http 8080': 'on a serial port, dashboard on port 8080',
    })
    .option('--port <port>', 'serial port: auto, a path, or usb:VID:PID[:SERIAL]')
    .option('--baud <n>', 'baud rate of the serial port')
    .option('--socket <path>', 'Unix socket for clients')
    .option('--tcp [port]', 'also serve clients on TCP port of 127.0.0.1 (default: 5001)')
    .option(
      '--http <address>',
      'dashboard: off, a port on 127.0.0.1, or HOST:PORT (default: 127.0.0.1:7654 or the next free port)',
    )
    .option('--mqtt <url>', 'publish to an MQTT broker: mqtt://HOST[:PORT], or mqtts:')
    .option('--state <directory>', 'directory of the history')
    .option('--simulate', 'run on a virtual mesh instead of a serial port')
    .option('--demo', 'add a virtual instrument, the device bench')
    .option('--nodes <n>', 'virtual mesh: number of edge nodes')
    .option('--seed <n>', 'virtual mesh: the same seed gives the same mesh')
    .option('--generation <n>', 'virtual mesh: firmware generation, 1, 2 or 3')
    .option('--faults <file>', FAULTS_HELP)
    .option('--replay <file>', 'run on a recording instead of a serial port')
    .option('--speed <n>', 'playback speed factor, or max')
    .option('--config <file>', 'TOML file with settings')
    .action(async (flags: StartFlags) => {
      // Loaded on demand: it takes longer to load than most other commands take to run.
      const { runGateway } = await import('./run-gateway.js');
      await runGateway(flags);
    });
}
