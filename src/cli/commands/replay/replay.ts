import type { Command } from 'commander';
import type { ReplayFlags } from './run-replay.js';

export function addReplayCommand(program: Command): void {
  program
    .command('replay')
    .description('what clients would have been told, had a recording been the root')
    .argument('<file>', 'made by record, or by a gateway on disk; - is standard input')
    .option('--expect <file>', 'compare with these events, one JSON a line; exit code 1 when they differ')
    .option('--config <file>', 'TOML file with settings')
    .option('--json', 'JSON, for programs; without --expect it is always JSON, one event a line')
    .action(async (file: string, flags: ReplayFlags) => {
      const { replay } = await import('./run-replay.js');
      await replay(file, flags);
    });
}
