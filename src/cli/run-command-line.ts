import { CommanderError } from 'commander';
import { EXIT, reportFailure } from './exit-codes.js';
import { createProgram } from './program.js';

/** Runs the command that these arguments name. Never rejects: a failure is printed, and sets `process.exitCode`. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError
        ? error.exitCode === 0
          ? EXIT.ok
          : EXIT.badUsage
        : reportFailure(error, (text) => process.stderr.write(text));
  }
}
