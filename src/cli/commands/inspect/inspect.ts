import type { Command } from 'commander';
import type { InspectFlags } from './run-inspect.js';

export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('what is in a recording, decoded')
    .argument('<file>', 'made by record, or by a gateway on disk; - is standard input')
    .option('--hex', 'also the bytes, as they went over the line')
    .option('--stats', 'only counts: frames, errors, rates')
    .option('--from <time>', 'an age, back from the end of the recording; 14:05 of its last day; or ISO 8601')
    .option('--to <time>', 'until then')
    .option('--config <file>', 'TOML file with settings, for a site’s own opcodes and data types')
    .option('--json', 'JSON, for programs')
    .action(async (file: string, flags: InspectFlags) => {
      const { inspect } = await import('./run-inspect.js');
      await inspect(file, flags);
    });
}
