import type { CliCommand } from '../../cli-command.js';
import { socketCommand } from '../../gateway-command.js';
import type { RecordFlags } from './run-record.js';

export function addRecordCommand(program: CliCommand): void {
  socketCommand(program, 'record', 'save the contents of the flight recorder to a file', {
    'meshgate record --last 10m -o odd.mgrec': 'the last ten minutes',
    'meshgate record --follow --redact -o trial.mgrec': 'from now until Ctrl-C, without payloads',
  })
    .reaching('socket')
    .option('--last <time>', 'only the last 10m, 1h30m …; with --follow: start there instead of now')
    .option('-o, --output <file>', 'output file; - or none: standard output')
    .option('--follow', 'keep recording until Ctrl-C')
    .option('--link <names>', 'only these links, separated by commas: root, or names of devices')
    .option(
      '--redact',
      'remove payloads of messages and commands, and bytes of devices not named with --link',
    )
    .action(async (flags: RecordFlags) => {
      const { record } = await import('./run-record.js');
      await record(flags);
    });
}
