import { MeshgateError } from '../../../base/errors.js';
import { alignNumber, decimalsOf } from '../../../base/number-text.js';
import type { AgedValue, MeshgateClient, Value } from '../../../client/index.js';
import type { CliCommand } from '../../cli-command.js';
import { askAndPrint, gatewayCommand, joinRows } from '../../gateway-command.js';
import { note } from '../../output.js';
import { formatSubject, parseNode, parseNumberOrName } from '../../text/address.js';
import { type Column, formatTable } from '../../text/table.js';
import type { View } from '../../text/terminal.js';
import {
  formatAge,
  formatMoment,
  parseLength,
  parseTime,
  parseTimeRange,
  type TimeRange,
} from '../../text/time.js';
import { undecodedNote } from '../../text/undecoded.js';
import type { GatewayFlags } from '../../with-client.js';
import { deviceTimeColumn } from '../node.js';
import type { Listed } from '../nodes.js';
import { printBuckets } from './get-buckets.js';

interface GetFlags extends GatewayFlags {
  readonly at?: string;
  readonly from?: string;
  readonly to?: string;
  readonly bucket?: string;
}

type Name = number | string;

/** Times are ms since the epoch. */
interface Query {
  readonly type: Name;
  readonly node: Name | undefined;
  readonly at: number | undefined;
  readonly range: TimeRange;
  readonly bucketMs: number | undefined;
}

type AnyValue = Listed<Value & Partial<Pick<AgedValue, 'ageMs'>>>;

/** The table is built in memory; use export for more. */
const MAX_VALUES = 100_000;

export function addGetCommand(program: CliCommand): void {
  gatewayCommand(program, 'get', 'values of a data type: the latest, those at a time, or of a time range', {
    'meshgate get Temperature': 'the latest temperature of every node',
    'meshgate get Temperature 5 --from 6h --bucket 1h': 'hourly summary of node 0x0005',
  })
    .argument('<type>', 'name or id of a data type')
    .argument('[node]', 'address (5, 0x5), name, or id of a device (default: all)')
    .option('--at <time>', 'values current at that time: an age (10m, 1h, 2d), 14:05, or ISO 8601')
    .option('--from <time>', 'start of the time range, in the same form')
    .option('--to <time>', 'end of the time range')
    .option(
      '--bucket <length>',
      'min, mean, max and last value of each 10m, 1h, 1d …; without --from: the last 24',
    )
    .action(async (type: string, node: string | undefined, flags: GetFlags) => {
      const now = Date.now();
      const query = readQuery(type, node, flags, now);
      const { bucketMs } = query;
      if (bucketMs === undefined) await printValues(flags, query);
      else await printBuckets(flags, { ...query, bucketMs }, now);
    });
}

async function printValues(flags: GetFlags, query: Query): Promise<void> {
  await askAndPrint(
    flags,
    async (client) => ({ values: await readValues(query, client) }),
    ({ values }, view) => formatValues(values, view),
    (parts) => ({
      values: joinRows(parts.map(({ gateway, result }) => ({ gateway, result: result.values }))),
    }),
  );
}

/** Throws `BAD_USAGE`. */
function readQuery(type: string, node: string | undefined, flags: GetFlags, now: number): Query {
  const { at, bucket } = flags;
  if (at !== undefined && (flags.from ?? flags.to ?? bucket) !== undefined) {
    throw new MeshgateError('BAD_USAGE', '--at cannot be used with --from, --to or --bucket');
  }
  return {
    type: parseNumberOrName(type),
    node: node === undefined ? undefined : parseNode(node),
    at: at === undefined ? undefined : parseTime(at, now),
    range: parseTimeRange(flags, now),
    bucketMs: bucket === undefined ? undefined : parseLength(bucket),
  };
}

async function readValues({ type, node, at, range }: Query, client: MeshgateClient): Promise<AnyValue[]> {
  if (at !== undefined) {
    const { values, undecoded = 0 } = await client.call('at', { type, node, time: at });
    noteUndecoded(undecoded);
    return values;
  }
  const { from, to } = range;
  if (from === undefined && to === undefined) return (await client.latest(type, node)).values;
  return readPages(client.exportPages({ type, node, ...range }));
}

/** Includes nodes that the gateway has forgotten. */
async function readPages(pages: ReturnType<MeshgateClient['exportPages']>): Promise<Value[]> {
  const all: Value[] = [];
  let totalUndecoded = 0;
  for await (const { values, undecoded } of pages) {
    totalUndecoded += undecoded;
    for (const { name: _, ...value } of values) all.push(value);
    if (all.length > MAX_VALUES) {
      throw new MeshgateError(
        'BAD_USAGE',
        `more than ${MAX_VALUES.toLocaleString('en')} values in this range`,
        'narrow it with --from, --to or a node, summarise with --bucket, or export everything: meshgate export',
      );
    }
  }
  noteUndecoded(totalUndecoded);
  return all;
}

function noteUndecoded(count: number): void {
  const text = undecodedNote(count);
  if (text !== undefined) note(text);
}

/** One column for each field of the type, so that numbers align. */
export function formatValues(values: readonly AnyValue[], view: View): string {
  if (values.length === 0) return 'No values.\n';
  return formatTable(
    [
      { title: 'NODE', text: (value: AnyValue) => formatSubject(value, value.gateway ?? view.gateway) },
      ...fieldColumns(values),
      {
        title: 'RECEIVED',
        text: ({ receivedAt }) => formatAge(receivedAt, view.now),
        align: 'right',
        optional: 1,
      },
      { title: 'AT', text: ({ receivedAt }) => formatMoment(receivedAt, view) },
      ...deviceTimeColumn(values, view),
    ],
    values,
    view.terminal,
  );
}

/** For values without fields. */
const BYTES_COLUMN: Column<AnyValue> = {
  title: 'BYTES',
  text: ({ fields, bytes }) => (Object.keys(fields).length === 0 ? bytes : ''),
  flexible: 24,
};

function fieldColumns(values: readonly AnyValue[]): Column<AnyValue>[] {
  const units = new Map<string, string | undefined>();
  for (const { fields } of values)
    for (const [name, { unit }] of Object.entries(fields)) units.set(name, unit);
  const columns = [...units].map(([name, unit]) => fieldColumn(name, unit, values));
  const hasBytesOnly = values.some(({ fields }) => Object.keys(fields).length === 0);
  return hasBytesOnly ? [...columns, BYTES_COLUMN] : columns;
}

/** All numbers have the same decimals, so that their points align. */
function fieldColumn(name: string, unit: string | undefined, values: readonly AnyValue[]): Column<AnyValue> {
  const decimals = values.reduce((max, { fields }) => {
    const { value, name: valueName } = fields[name] ?? {};
    return typeof value === 'number' && valueName === undefined ? Math.max(max, decimalsOf(value)) : max;
  }, 0);
  return {
    title: unit === undefined ? name.toUpperCase() : `${name.toUpperCase()} [${unit}]`,
    text: ({ fields }) => formatField(fields[name], decimals),
    align: 'right',
  };
}

/** A value of an enumeration is shown by its name. */
function formatField(field: Value['fields'][string] | undefined, decimals: number): string {
  if (field === undefined) return '-';
  const { value, name } = field;
  if (name !== undefined) return name;
  return typeof value === 'number' ? alignNumber(value, decimals) : value;
}
