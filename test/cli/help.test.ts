import test from 'ava';
import type { Command } from 'commander';
import { CliCommand } from '../../src/cli/cli-command.js';
import { createProgram } from '../../src/cli/program.js';

/** Every command and subcommand, by its words. */
function commandsBelow(parent: CliCommand, words = ''): [path: string, command: CliCommand][] {
  return parent.commands.flatMap((command) => {
    if (!(command instanceof CliCommand)) throw new Error(`${command.name()} is not a CliCommand`);
    const path = `${words} ${command.name()}`.trim();
    return [[path, command] as [string, CliCommand], ...commandsBelow(command, path)];
  });
}

/** The command, as words, whose action ran. Throws if the words do not parse. */
function commandRunBy(args: readonly string[]): string {
  const program = createProgram();
  let ran = '';
  program.configureOutput({ writeErr: () => {} });
  for (const [path, command] of commandsBelow(program)) {
    command.configureOutput({ writeErr: () => {} });
    command.action(() => {
      ran = path;
    });
  }
  program.parse(args, { from: 'user' });
  return ran;
}

/** The `--help` output of commander, with the texts after it. */
function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
}

const COMMANDS = commandsBelow(createProgram());

test('every command has one to three examples in its help, and each parses as that command', (t) => {
  t.true(COMMANDS.length > 30);
  for (const [path, command] of COMMANDS) {
    const { exampleLines } = command;
    t.true(
      exampleLines.length >= 1 && exampleLines.length <= 3,
      `${path} has ${exampleLines.length} examples`,
    );
    for (const line of exampleLines) {
      const [name, ...args] = line.split(' ');
      t.is(name, 'meshgate', line);
      t.true(commandRunBy(args).startsWith(path), `${line} does not run ${path}`);
      t.true(helpOf(command).includes(`  ${line}  `), line);
    }
  }
});

test('every command, option and argument is described in the help', (t) => {
  for (const [path, command] of COMMANDS) {
    t.not(command.description(), '', path);
    for (const { flags, description } of command.options) t.truthy(description, `${path} ${flags}`);
    for (const argument of command.registeredArguments)
      t.truthy(argument.description, `${path} ${argument.name()}`);
  }
});

test('a command shows the fleet options only if it takes them', (t) => {
  for (const [path, command] of COMMANDS) {
    t.is(helpOf(command).includes('--fleet <url>'), command.isForFleet, path);
  }
});

test('the help of the program begins with how to start', (t) => {
  t.deepEqual(createProgram().exampleLines, ['meshgate start --simulate', 'meshgate status']);
});
