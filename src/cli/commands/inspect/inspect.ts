import type { CliCommand } from '../../cli-command.js';
import type { InspectFlags } from './run-inspect.js';

export function addInspectCommand(program: CliCommand): void {
  program
    .command('inspect')
    .description('decode a recording')
    .examples({
      'meshgate inspect odd.mgrec --from 5m': 'the last five minutes of a recording',
      'meshgate inspect odd.mgrec --stats': 'frames, errors and rates',
    })
    .argument('<file>', 'recording made by record or by a gateway; - is standard input')
    .option('--link <names>', 'only these links, separated by commas: root, or names of devices')
    .option('--hex', 'include the raw bytes of the line')
    .option('--stats', 'print only statistics: frames, errors, rates')
    .option(
      '--from <time>',
      'start: an age before the end of the recording, 14:05 of its last day, or ISO 8601',
    )
    .option('--to <time>', 'end, in the same form')
    .option('--config <file>', 'TOML file with settings, such as opcodes and data types of your own')
    .option('--json', 'print JSON, for programs')
    .action(async (file: string, flags: InspectFlags) => {
      const { inspect } = await import('./run-inspect.js');
      await inspect(file, flags);
    });
}
