import type { CliCommand } from '../../cli-command.js';

export function addDataforgeCommand(program: CliCommand): void {
  program
    .command('dataforge')
    .description('DataForge envelopes')
    .examples({ 'meshgate dataforge decode run.df': 'the envelopes of a file' })
    .command('decode')
    .description('print the envelopes of a file: tagged, DF02, DF03 or DFTL')
    .examples({
      'meshgate dataforge decode run.df': 'each envelope, with its meta',
      'meshgate dataforge decode --json -': 'of standard input, for programs',
    })
    .argument('<file>', 'file with envelopes; - is standard input')
    .option('--json', 'print JSON, one entry per line, with the data in base64')
    .action(async (file: string, flags: { readonly json?: true }) => {
      const { runDecode } = await import('./run-decode.js');
      await runDecode(file, flags.json ?? false);
    });
}
