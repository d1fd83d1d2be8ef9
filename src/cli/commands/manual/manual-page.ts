/** The manual page of section 1, built from the same commands and options as the help. */
import { EventEmitter } from 'node:events';
import type { Command, Help } from 'commander';
import { definition, escapeText, heading, macroArgument, verbatim } from './roff.js';

const FILES: readonly (readonly [string, string])[] = [
  [
    '/etc/meshgate/meshgate.toml',
    'Settings of the service. Other gateways: --config FILE or MESHGATE_CONFIG.',
  ],
  ['/run/meshgate/meshgate.sock', 'Socket of the service for clients.'],
  ['/var/lib/meshgate/', 'History, recordings and audit log of the service.'],
  ['~/.local/state/meshgate/', 'The same of a gateway that a user runs.'],
];

const SEE_ALSO =
  'The documentation is in /usr/share/doc/meshgate/ of the Debian package, and in the folder docs of the npm package.';

export function manualPage(program: Command, version: string): string {
  const name = program.name();
  const help = program.createHelp();
  const sections = [
    `.TH ${name.toUpperCase()} 1 "" ${macroArgument(`${name} ${version}`)} "User Commands"`,
    heading('SH', 'NAME'),
    `${name} \\- ${escapeText(program.description())}`,
    heading('SH', 'SYNOPSIS'),
    `.B ${name}\n.RI [ options ]\n.I command\n.RI [ arguments ]`,
    heading('SH', 'OPTIONS'),
    ...options(program, help),
    heading('SH', 'COMMANDS'),
    ...visibleCommands(program, help).map((command) =>
      definition(help.subcommandTerm(command), help.subcommandDescription(command)),
    ),
    ...visibleCommands(program, help).flatMap((command) => commandSections(command, help)),
    heading('SH', 'NOTES'),
    ...helpTextAfter(program),
    heading('SH', 'FILES'),
    ...FILES.map(([path, text]) => definition(path, text)),
    heading('SH', 'SEE ALSO'),
    escapeText(SEE_ALSO),
  ];
  return `${sections.join('\n')}\n`;
}

/** A section for a command, and one for each of its subcommands. */
function commandSections(command: Command, help: Help): string[] {
  return [
    heading('SH', pathOf(command).toUpperCase()),
    `.B ${escapeText(help.commandUsage(command))}`,
    '.PP',
    escapeText(help.commandDescription(command)),
    ...help
      .visibleArguments(command)
      .map((argument) => definition(help.argumentTerm(argument), help.argumentDescription(argument))),
    ...options(command, help),
    ...helpTextAfter(command),
    ...visibleCommands(command, help).flatMap((each) => commandSections(each, help)),
  ];
}

function options(command: Command, help: Help): string[] {
  return help
    .visibleOptions(command)
    .map((option) => definition(help.optionTerm(option), help.optionDescription(option)));
}

/** `help` explains itself. */
function visibleCommands(command: Command, help: Help): Command[] {
  return help.visibleCommands(command).filter((each) => each.name() !== 'help');
}

/** What `addHelpText('after', …)` adds: commander keeps it as a listener of this event, which its types leave out. */
function helpTextAfter(command: Command): string[] {
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  if (command instanceof EventEmitter) command.emit('afterHelp', { error: false, command, write });
  return text.trim() === '' ? [] : [verbatim(text.replace(/^\n+|\n+$/g, ''))];
}

/** `alarms ack`, without the program's own name. */
function pathOf(command: Command): string {
  const parent = command.parent;
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}
