import type { Command, Option } from 'commander';
import { CliCommand } from '../../cli-command.js';

/** An option by its long name; `values`: its choices, if they are a closed list. */
export interface OptionWords {
  readonly long: string;
  readonly description: string;
  readonly values: readonly string[];
  readonly takesValue: boolean;
  /** The value is a path. */
  readonly takesPath: boolean;
}

/** A command as a shell completes it; `path`: its words, such as `alarms ack`. */
export interface CommandWords {
  readonly path: string;
  readonly description: string;
  readonly subcommands: readonly CommandWords[];
  readonly options: readonly OptionWords[];
  /** Choices of its arguments, if they are a closed list. */
  readonly values: readonly string[];
}

/** The program: its global options, and every command. */
export interface ProgramWords {
  readonly name: string;
  readonly options: readonly OptionWords[];
  readonly commands: readonly CommandWords[];
}

export function describeProgram(program: Command): ProgramWords {
  const options = program.options.flatMap(describeOption);
  const ofFleet = options.filter(({ takesValue }) => takesValue);
  return {
    name: program.name(),
    options: [...options, HELP],
    commands: visibleCommands(program).map((command) => describe(command, '', ofFleet)),
  };
}

/** `help` is not completed. */
function visibleCommands(program: Command): Command[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help');
}

/** Commands and their subcommands in one list. */
export function flatten(commands: readonly CommandWords[]): CommandWords[] {
  return commands.flatMap((command) => [command, ...flatten(command.subcommands)]);
}

/** `ofFleet`: global options for commands that work on a fleet. */
function describe(command: Command, parent: string, ofFleet: readonly OptionWords[]): CommandWords {
  const path = `${parent} ${command.name()}`.trim();
  return {
    path,
    description: command.description(),
    subcommands: command.commands.map((each) => describe(each, path, ofFleet)),
    options: [
      ...command.options.flatMap(describeOption),
      ...(command instanceof CliCommand && command.isForFleet ? ofFleet : []),
      HELP,
    ],
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
}

const HELP: OptionWords = {
  long: '--help',
  description: 'show help',
  values: [],
  takesValue: false,
  takesPath: false,
};

function describeOption({ long, description, argChoices, required, optional, flags }: Option): OptionWords[] {
  if (!long) return [];
  const takesPath = /<(path|file)>/.test(flags);
  return [{ long, description, values: argChoices ?? [], takesValue: required || optional, takesPath }];
}
