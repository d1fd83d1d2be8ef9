import { Argument } from 'commander';
import type { CliCommand } from '../../cli-command.js';
import { print } from '../../output.js';
import { bashScript, fishScript, zshScript } from './completion-scripts.js';
import { describeProgram } from './completion-words.js';
import { wordsFor } from './device-words.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

type Shell = keyof typeof SCRIPTS;

const HOW_TO = `
To enable it, add one of these lines to the start-up file of your shell:
  bash   source <(meshgate completion bash)
  zsh    source <(meshgate completion zsh)
  fish   meshgate completion fish | source
`;

export function addCompletionCommand(program: CliCommand): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'type of shell').choices(Object.keys(SCRIPTS)))
    .examples({ 'meshgate completion bash': 'print the script for bash' })
    .addHelpText('after', HOW_TO)
    .action((shell: Shell) => print(SCRIPTS[shell](describeProgram(program))));
}

/** Hidden: the scripts ask the gateway with it. Without an answer there are no words, and no message. */
export function addCompleteCommand(program: CliCommand): void {
  program
    .command('complete', { hidden: true })
    .description('print the words that may come next, for the scripts of completion')
    .argument('<words...>', 'the words after meshgate; the last is incomplete')
    .examples({ 'meshgate complete -- command stage mo': 'the commands of the device stage' })
    .action(async (words: readonly string[]) => {
      const found = await wordsFor(words, program).catch(() => []);
      const [last = ''] = words.slice(-1);
      print(
        found
          .filter((word) => word.startsWith(last))
          .map((word) => `${word}\n`)
          .join(''),
      );
    });
}
