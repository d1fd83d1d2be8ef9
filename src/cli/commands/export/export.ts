import { Option } from 'commander';
import type { ExportedValue, ExportOptions, MeshgateClient } from '../../../client/index.js';
import type { CliCommand } from '../../cli-command.js';
import { EXIT } from '../../exit-codes.js';
import { isStandardOutput } from '../../files.js';
import { gatewayCommand } from '../../gateway-command.js';
import { note, safeJson } from '../../output.js';
import { parseNode, parseNumberOrName } from '../../text/address.js';
import { CsvWriter } from '../../text/csv.js';
import { parseTimeRange } from '../../text/time.js';
import { undecodedNote } from '../../text/undecoded.js';
import { type GatewayFlags, withClients } from '../../with-client.js';
import { abortWhenTerminated } from '../until-terminated.js';
import { type ExportOutput, openOutput } from './export-output.js';
import { ExportProgress } from './export-progress.js';

const FORMATS = ['csv', 'jsonl'] as const;

type Format = (typeof FORMATS)[number];

interface ExportFlags extends GatewayFlags {
  readonly from?: string;
  readonly to?: string;
  readonly node?: string;
  readonly type?: string;
  readonly format?: Format;
  readonly output?: string;
}

/** Formats values. */
interface Writer {
  readonly header: string;
  row(value: ExportedValue): string;
}

export function addExportCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'export',
    'export stored values as CSV or JSON lines',
    {
      'meshgate export --from 1d --type Temperature -o day.csv': 'temperatures of the last day',
      'meshgate export --format jsonl --node 5': 'every value of node 0x0005, as JSON lines',
    },
    'one',
  )
    .option('--from <time>', 'start: an age (10m, 1h, 2d), 14:05, or ISO 8601')
    .option('--to <time>', 'end, in the same form')
    .option('--node <node>', 'only this node or device: address (5, 0x5), name, or id')
    .option('--type <type>', 'only this data type: name or id')
    .addOption(new Option('--format <format>', 'default: by the file name, or csv').choices(FORMATS))
    .option(
      '-o, --output <file>',
      'output file, renamed into place when complete; - or none: standard output',
    )
    .action((flags: ExportFlags) => runExport(flags));
}

async function runExport(flags: ExportFlags): Promise<void> {
  const options = readOptions(flags, Date.now());
  const format = formatOf(flags);
  const { signal } = abortWhenTerminated();
  await withClients(flags, async (client) => {
    const run = async () => {
      const writer = await openWriter(format, options.type, client, signal);
      const output = await openOutput(flags.output, signal);
      await copy(client.exportPages({ ...options, signal }), writer, output).finally(output.abandon);
    };
    await run().catch((error: unknown) => endWhenInterrupted(error, flags.output, signal));
  });
}

/** Throws the error unless the user has interrupted. */
function endWhenInterrupted(error: unknown, output: string | undefined, signal: AbortSignal): never {
  if (!signal.aborted) throw error;
  note(
    `meshgate: interrupted; ${isStandardOutput(output) ? 'the output is incomplete' : `${output} was not written`}`,
  );
  // Pending output to a stalled reader would keep the process running.
  process.exit(EXIT.failed);
}

/** Throws `BAD_USAGE`. */
function readOptions({ node, type, ...range }: ExportFlags, now: number): ExportOptions {
  return {
    ...parseTimeRange(range, now),
    ...(node !== undefined && { node: parseNode(node) }),
    ...(type !== undefined && { type: parseNumberOrName(type) }),
  };
}

function formatOf({ format, json, output = '' }: ExportFlags): Format {
  return format ?? (json || /\.(jsonl|ndjson)$/i.test(output) ? 'jsonl' : 'csv');
}

/** The columns are those of the known types; an unknown type is refused with the first page. */
async function openWriter(
  format: Format,
  type: ExportOptions['type'],
  client: MeshgateClient,
  signal: AbortSignal,
): Promise<Writer> {
  if (format === 'jsonl') return { header: '', row: (value) => `${safeJson(value)}\n` };
  const { types } = await client.call('dataTypes', {}, { signal });
  const key = String(type).toLowerCase();
  const wanted = types.filter(
    ({ name, id }) => type === undefined || id === type || name.toLowerCase() === key,
  );
  const csv = new CsvWriter(wanted);
  return { header: csv.header(), row: (value) => csv.row(value) };
}

/** Holds one page at a time in memory. */
async function copy(
  pages: ReturnType<MeshgateClient['exportPages']>,
  { header, row }: Writer,
  output: ExportOutput,
): Promise<void> {
  const isShown = Boolean(process.stderr.isTTY) && output.isApart;
  const progress = new ExportProgress((text) => isShown && process.stderr.write(text));
  let head = header;
  let totalUndecoded = 0;
  try {
    for await (const { values, undecoded, progress: share } of pages) {
      totalUndecoded += undecoded;
      await output.write(head + values.map(row).join(''));
      head = '';
      progress.advance(values.length, share, performance.now());
    }
    await output.finish();
  } finally {
    progress.clear();
  }
  const changed = undecodedNote(totalUndecoded);
  if (changed !== undefined) note(changed);
  if (isShown) note(output.name === undefined ? progress.total() : `${progress.total()} in ${output.name}`);
}
