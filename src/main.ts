#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { EXIT, reportFailure } from './cli/exit-codes.js';
import { addPortsCommand } from './cli/ports.js';
import { addSimulateCommand } from './cli/simulate.js';
import { addStartCommand } from './cli/start.js';
import { packageVersion } from './package-root.js';

const program = new Command('meshgate')
  .description(
    'Gateway between an ESP32 Bluetooth-mesh root on a serial port and the programs on this machine',
  )
  .version(packageVersion)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(meshgate --help tells what there is)');

addStartCommand(program);
addSimulateCommand(program);
addPortsCommand(program);
for (const command of program.commands) command.exitOverride();

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
