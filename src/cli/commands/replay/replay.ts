import type { CliCommand } from '../../cli-command.js';
import type { ReplayFlags } from './run-replay.js';

export function addReplayCommand(program: CliCommand): void {
  program
    .command('replay')
    .description('replay a recording and print the events that clients would have received')
    .examples({
      'meshgate replay odd.mgrec': 'every event, as one line of JSON',
      'meshgate replay odd.mgrec --expect events.jsonl': 'compare with saved events',
    })
    .argument('<file>', 'recording made by record or by a gateway; - is standard input')
    .option(
      '--expect <file>',
      'compare with these events, one JSON object per line; exit with 1 if they differ',
    )
    .option('--link <name>', 'replay the link of this device as the root, instead of the root')
    .option('--config <file>', 'TOML file with settings')
    .option('--json', 'print the comparison as JSON; events are always JSON, one per line')
    .action(async (file: string, flags: ReplayFlags) => {
      const { replay } = await import('./run-replay.js');
      await replay(file, flags);
    });
}
