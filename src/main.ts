#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addAlarmsCommand } from './cli/alarms.js';
import { addCleanCommand } from './cli/clean.js';
import { addCompletionCommand } from './cli/completion.js';
import { addDoctorCommand } from './cli/doctor.js';
import { EXIT, EXIT_CODES_HELP, reportFailure } from './cli/exit-codes.js';
import { addExplainCommand } from './cli/explain.js';
import { addGetCommand } from './cli/get.js';
import { addLogCommand } from './cli/log.js';
import { addNodeCommand } from './cli/node.js';
import { addNodesCommand } from './cli/nodes.js';
import { printHelp } from './cli/output.js';
import { addPathsCommand } from './cli/paths.js';
import { addPingCommand } from './cli/ping.js';
import { addPortsCommand } from './cli/ports.js';
import { addRefreshCommand } from './cli/refresh.js';
import { addResetRootCommand } from './cli/reset-root.js';
import { addBroadcastCommand, addSendCommand } from './cli/send.js';
import { addSimulateCommand } from './cli/simulate.js';
import { addStartCommand } from './cli/start.js';
import { addStatusCommand } from './cli/status.js';
import { addTopCommand } from './cli/top.js';
import { addWatchCommand } from './cli/watch.js';
import { packageVersion } from './package-root.js';

const program = new Command('meshgate')
  .description(
    'Gateway between an ESP32 Bluetooth-mesh root on a serial port and the programs on this machine',
  )
  .version(packageVersion)
  .exitOverride()
  .configureOutput({ writeOut: printHelp })
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(meshgate --help tells what there is)');

program.addHelpText('after', EXIT_CODES_HELP);

program.commandsGroup('To run the gateway:');
addStartCommand(program);
addSimulateCommand(program);
addDoctorCommand(program);
addPortsCommand(program);

program.commandsGroup('To see what is there:');
addStatusCommand(program);
addNodesCommand(program);
addNodeCommand(program);
addGetCommand(program);
addPathsCommand(program);
addAlarmsCommand(program);
addExplainCommand(program);

program.commandsGroup('To follow what happens:');
addWatchCommand(program);
addTopCommand(program);

program.commandsGroup('To do something:');
addSendCommand(program);
addBroadcastCommand(program);
addPingCommand(program);
addRefreshCommand(program);
addLogCommand(program);
addResetRootCommand(program);
addCleanCommand(program);

program.commandsGroup('For the shell:');
addCompletionCommand(program);
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
