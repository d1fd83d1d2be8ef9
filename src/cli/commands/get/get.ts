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

/** What is asked for. Times are ms since the epoch. */
interface Wish {
  readonly type: Name;
  readonly node: Name | undefined;
  readonly at: number | undefined;
  readonly range: TimeRange;
  readonly bucketMs: number | undefined;
}

type AnyValue = Listed<Value & Partial<Pick<AgedValue, 'ageMs'>>>;

/** More would be no table to read, and are held in memory for it. */
const MAX_VALUES = 100_000;

export function addGetCommand(program: CliCommand): void {
  gatewayCommand(program, 'get', 'values of a data type: the latest, those of a time, or a time range')
    .argument('<type>', 'name or id of a data type')
    .argument('[node]', 'address (5, 0x5), name, or id of a device; all unless given')
    .option('--at <time>', 'what was current then: an age (10m, 1h, 2d), 14:05, or ISO 8601')
    .option('--from <time>', 'values since then')
    .option('--to <time>', 'values until then')
    .option(
      '--bucket <length>',
      'least, mean, most and last of each 10m, 1h, 1d …; the last 24 unless --from',
    )
    .action(async (type: string, node: string | undefined, flags: GetFlags) => {
      const now = Date.now();
      const wish = readWish(type, node, flags, now);
      const { bucketMs } = wish;
      if (bucketMs === undefined) await printValues(flags, wish);
      else await printBuckets(flags, { ...wish, bucketMs }, now);
    });
}

async function printValues(flags: GetFlags, wish: Wish): Promise<void> {
  await askAndPrint(
    flags,
    async (client) => ({ values: await ask(wish, client) }),
    ({ values }, view) => formatValues(values, view),
    (parts) => ({
      values: joinRows(parts.map(({ gateway, result }) => ({ gateway, result: result.values }))),
    }),
  );
}

/** Throws `BAD_USAGE`. */
function readWish(type: string, node: string | undefined, flags: GetFlags, now: number): Wish {
  const { at, bucket } = flags;
  if (at !== undefined && (flags.from ?? flags.to ?? bucket) !== undefined) {
    throw new MeshgateError('BAD_USAGE', '--at excludes --from, --to and --bucket');
  }
  return {
    type: parseNumberOrName(type),
    node: node === undefined ? undefined : parseNode(node),
    at: at === undefined ? undefined : parseTime(at, now),
    range: parseTimeRange(flags, now),
    bucketMs: bucket === undefined ? undefined : parseLength(bucket),
  };
}

async function ask({ type, node, at, range }: Wish, client: MeshgateClient): Promise<AnyValue[]> {
  if (at !== undefined) {
    const { values, undecoded = 0 } = await client.call('at', { type, node, time: at });
    tellUndecoded(undecoded);
    return values;
  }
  const { from, to } = range;
  if (from === undefined && to === undefined) return (await client.latest(type, node)).values;
  return takeAll(client.exportPages({ type, node, ...range }));
}

/** Nodes that the gateway has forgotten are among them. */
async function takeAll(pages: ReturnType<MeshgateClient['exportPages']>): Promise<Value[]> {
  const all: Value[] = [];
  let undecodedInAll = 0;
  for await (const { values, undecoded } of pages) {
    undecodedInAll += undecoded;
    for (const { name: _, ...value } of values) all.push(value);
    if (all.length > MAX_VALUES) {
      throw new MeshgateError(
        'BAD_USAGE',
        `there are more than ${MAX_VALUES.toLocaleString('en')} values`,
        'ask for less by --from, --to or a node, sum them up by --bucket, or take them all by: meshgate export',
      );
    }
  }
  tellUndecoded(undecodedInAll);
  return all;
}

function tellUndecoded(count: number): void {
  const text = undecodedNote(count);
  if (text !== undefined) note(text);
}

/** One column for each field of the type, so that numbers stand under each other. */
export function formatValues(values: readonly AnyValue[], view: View): string {
  if (values.length === 0) return 'No value is held.\n';
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

/** Of values without fields. */
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

/** Numbers with as many decimals as the one with the most, so that their points stand under each other. */
function fieldColumn(name: string, unit: string | undefined, values: readonly AnyValue[]): Column<AnyValue> {
  const decimals = values.reduce((most, { fields }) => {
    const value = fields[name]?.value;
    return typeof value === 'number' ? Math.max(most, decimalsOf(value)) : most;
  }, 0);
  return {
    title: unit === undefined ? name.toUpperCase() : `${name.toUpperCase()} [${unit}]`,
    text: ({ fields }) => formatField(fields[name]?.value, decimals),
    align: 'right',
  };
}

function formatField(value: number | string | undefined, decimals: number): string {
  if (value === undefined) return '-';
  return typeof value === 'number' ? alignNumber(value, decimals) : value;
}
