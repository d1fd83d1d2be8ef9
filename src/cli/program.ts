/** Every command of the command line. */
import { packageVersion } from '../base/package-root.js';
import { CliCommand } from './cli-command.js';
import { addAbortCommand } from './commands/abort.js';
import { addAlarmsCommand } from './commands/alarms.js';
import { addAuditCommand } from './commands/audit.js';
import { addCleanCommand } from './commands/clean.js';
import { addClientsCommand } from './commands/clients.js';
import { addCommandCommand } from './commands/command/command.js';
import { addCompleteCommand, addCompletionCommand } from './commands/completion/completion.js';
import { addDataforgeCommand } from './commands/dataforge/dataforge.js';
import { addClassifierStubCommand, addDcssServerCommand } from './commands/dcss/dcss-server.js';
import { addDeviceCommand } from './commands/device/device.js';
import { addDevicesCommand } from './commands/devices.js';
import { addDoctorCommand } from './commands/doctor/doctor.js';
import { addExplainCommand } from './commands/explain.js';
import { addExportCommand } from './commands/export/export.js';
import { addForgetCommand } from './commands/forget.js';
import { addGatewaysCommand } from './commands/gateways.js';
import { addGetCommand } from './commands/get/get.js';
import { addHealthCommand } from './commands/health.js';
import { addHevCommand } from './commands/hev/hev.js';
import { addHvCommand } from './commands/hv/hv.js';
import { addInspectCommand } from './commands/inspect/inspect.js';
import { addLogCommand } from './commands/log.js';
import { addManualCommand } from './commands/manual/manual.js';
import { addMonitorCommand } from './commands/monitor/monitor.js';
import { addNodeCommand } from './commands/node.js';
import { addNodesCommand } from './commands/nodes.js';
import { addPathsCommand } from './commands/paths.js';
import { addPingCommand } from './commands/ping/ping.js';
import { addPortCommand } from './commands/port.js';
import { addPortsCommand } from './commands/ports/ports.js';
import { addRecordCommand } from './commands/record/record.js';
import { addRefreshCommand } from './commands/refresh.js';
import { addReplayCommand } from './commands/replay/replay.js';
import { addResetRootCommand } from './commands/reset-root.js';
import { addBroadcastCommand, addSendCommand } from './commands/send.js';
import { addSimulateCommand } from './commands/simulate/simulate.js';
import { addStartCommand } from './commands/start/start.js';
import { addStatusCommand } from './commands/status.js';
import { addTopCommand } from './commands/top/top.js';
import { addWatchCommand } from './commands/watch/watch.js';
import { EXIT_CODES_HELP } from './exit-codes.js';
import { addFleetOptions } from './fleet-choice.js';
import { printHelp } from './output.js';

/** In the order of `meshgate --help`. */
const GROUPS: Readonly<Record<string, readonly ((program: CliCommand) => void)[]>> = {
  'Run the gateway:': [addStartCommand, addSimulateCommand, addDoctorCommand, addPortsCommand],
  'Show state and data:': [
    addStatusCommand,
    addHealthCommand,
    addNodesCommand,
    addNodeCommand,
    addDevicesCommand,
    addDeviceCommand,
    addGetCommand,
    addExportCommand,
    addPathsCommand,
    addAlarmsCommand,
    addClientsCommand,
    addAuditCommand,
    addExplainCommand,
    addGatewaysCommand,
    addMonitorCommand,
  ],
  'Follow live:': [addWatchCommand, addTopCommand],
  'Control the mesh:': [
    addSendCommand,
    addBroadcastCommand,
    addPingCommand,
    addRefreshCommand,
    addLogCommand,
    addForgetCommand,
    addResetRootCommand,
    addCleanCommand,
    addPortCommand,
  ],
  'Control devices:': [addCommandCommand, addAbortCommand, addHvCommand, addHevCommand],
  'Record and replay:': [addRecordCommand, addInspectCommand, addReplayCommand],
  'Other formats:': [addDataforgeCommand],
  'Try without a beamline:': [addDcssServerCommand, addClassifierStubCommand],
  'Shell:': [addCompletionCommand, addCompleteCommand, addManualCommand],
};

/** The program with all its commands; `parseAsync` runs one. */
export function createProgram(): CliCommand {
  const program = new CliCommand('meshgate')
    .description(
      'Gateway between an ESP32 Bluetooth-mesh root on a serial port and the programs on this machine',
    )
    .version(packageVersion)
    .exitOverride()
    .configureOutput({ writeOut: printHelp })
    .examples({
      'meshgate start --simulate': 'run a gateway without hardware',
      'meshgate status': 'in another terminal: state of the gateway',
    });
  addFleetOptions(program);
  program.addHelpText('after', EXIT_CODES_HELP);
  for (const [heading, commands] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    for (const addCommand of commands) addCommand(program);
  }
  program.helpCommand('help [command]', 'show the help of a command');
  return program;
}
