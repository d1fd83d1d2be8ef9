#!/usr/bin/env node
import { CommanderError } from 'commander';
import { packageVersion } from './base/package-root.js';
import { CliCommand } from './cli/cli-command.js';
import { addAlarmsCommand } from './cli/commands/alarms.js';
import { addAuditCommand } from './cli/commands/audit.js';
import { addCleanCommand } from './cli/commands/clean.js';
import { addClientsCommand } from './cli/commands/clients.js';
import { addCompletionCommand } from './cli/commands/completion/completion.js';
import { addDevicesCommand } from './cli/commands/devices.js';
import { addDoctorCommand } from './cli/commands/doctor/doctor.js';
import { addExplainCommand } from './cli/commands/explain.js';
import { addExportCommand } from './cli/commands/export/export.js';
import { addForgetCommand } from './cli/commands/forget.js';
import { addGatewaysCommand } from './cli/commands/gateways.js';
import { addGetCommand } from './cli/commands/get/get.js';
import { addHealthCommand } from './cli/commands/health.js';
import { addInspectCommand } from './cli/commands/inspect/inspect.js';
import { addLogCommand } from './cli/commands/log.js';
import { addManualCommand } from './cli/commands/manual/manual.js';
import { addMonitorCommand } from './cli/commands/monitor/monitor.js';
import { addNodeCommand } from './cli/commands/node.js';
import { addNodesCommand } from './cli/commands/nodes.js';
import { addPathsCommand } from './cli/commands/paths.js';
import { addPingCommand } from './cli/commands/ping/ping.js';
import { addPortCommand } from './cli/commands/port.js';
import { addPortsCommand } from './cli/commands/ports/ports.js';
import { addRecordCommand } from './cli/commands/record/record.js';
import { addRefreshCommand } from './cli/commands/refresh.js';
import { addReplayCommand } from './cli/commands/replay/replay.js';
import { addResetRootCommand } from './cli/commands/reset-root.js';
import { addBroadcastCommand, addSendCommand } from './cli/commands/send.js';
import { addSimulateCommand } from './cli/commands/simulate/simulate.js';
import { addStartCommand } from './cli/commands/start/start.js';
import { addStatusCommand } from './cli/commands/status.js';
import { addTopCommand } from './cli/commands/top/top.js';
import { addWatchCommand } from './cli/commands/watch/watch.js';
import { EXIT, EXIT_CODES_HELP, reportFailure } from './cli/exit-codes.js';
import { addFleetOptions } from './cli/fleet-choice.js';
import { printHelp } from './cli/output.js';

const program = new CliCommand('meshgate')
  .description(
    'Gateway between an ESP32 Bluetooth-mesh root on a serial port and the programs on this machine',
  )
  .version(packageVersion)
  .exitOverride()
  .configureOutput({ writeOut: printHelp })
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(meshgate --help tells what there is)');

addFleetOptions(program);
program.addHelpText('after', EXIT_CODES_HELP);

program.commandsGroup('To run the gateway:');
addStartCommand(program);
addSimulateCommand(program);
addDoctorCommand(program);
addPortsCommand(program);

program.commandsGroup('To see what is there:');
addStatusCommand(program);
addHealthCommand(program);
addNodesCommand(program);
addNodeCommand(program);
addDevicesCommand(program);
addGetCommand(program);
addExportCommand(program);
addPathsCommand(program);
addAlarmsCommand(program);
addClientsCommand(program);
addAuditCommand(program);
addExplainCommand(program);
addGatewaysCommand(program);
addMonitorCommand(program);

program.commandsGroup('To follow what happens:');
addWatchCommand(program);
addTopCommand(program);

program.commandsGroup('To do something:');
addSendCommand(program);
addBroadcastCommand(program);
addPingCommand(program);
addRefreshCommand(program);
addLogCommand(program);
addForgetCommand(program);
addResetRootCommand(program);
addCleanCommand(program);
addPortCommand(program);

program.commandsGroup('To look at it later:');
addRecordCommand(program);
addInspectCommand(program);
addReplayCommand(program);

program.commandsGroup('For the shell:');
addCompletionCommand(program);
addManualCommand(program);
program.helpCommand('help [command]', 'how a command is used');

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode =
    error instanceof CommanderError
      ? error.exitCode === 0
        ? EXIT.ok
        : EXIT.badUsage
      : reportFailure(error, (text) => process.stderr.write(text));
}
