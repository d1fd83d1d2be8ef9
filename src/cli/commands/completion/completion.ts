import { Argument, type Command } from 'commander';
import { print } from '../../output.js';
import { bashScript, fishScript, zshScript } from './completion-scripts.js';
import { describeProgram } from './completion-words.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

type Shell = keyof typeof SCRIPTS;

const HOW_TO = `
To use it, put one of these into the shell's own start file:
  bash   source <(meshgate completion bash)
  zsh    source <(meshgate completion zsh)
  fish   meshgate completion fish | source
`;

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', HOW_TO)
    .action((shell: Shell) => print(SCRIPTS[shell](describeProgram(program))));
}
