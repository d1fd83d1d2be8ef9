import type { CliCommand } from '../../cli-command.js';
import { socketCommand } from '../../gateway-command.js';
import type { RecordFlags } from './run-record.js';

export function addRecordCommand(program: CliCommand): void {
  socketCommand(program, 'record', 'take out what the flight recorder holds, as a file')
    .reaching('socket')
    .option('--last <time>', 'only the last 10m, 1h30m …; with --follow: begin there, instead of now')
    .option('-o, --output <file>', 'where to; - or none is standard output')
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--redact', 'without what messages and commands say; addresses and opcodes stay')
    .action(async (flags: RecordFlags) => {
      const { record } = await import('./run-record.js');
      await record(flags);
    });
}
