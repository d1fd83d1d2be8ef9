#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT, reportFailure } from './cli/exit-codes.js';
import { createProgram } from './cli/program.js';

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode =
    error instanceof CommanderError
      ? error.exitCode === 0
        ? EXIT.ok
        : EXIT.badUsage
      : reportFailure(error, (text) => process.stderr.write(text));
}
