import type { Command } from 'commander';
import type { AgedValue, MeshgateClient, Value } from '../../client/index.js';
import { MeshgateError } from '../../errors.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { formatAddress, parseNode, parseNumberOrName } from '../text/address.js';
import { type Column, formatTable } from '../text/table.js';
import type { View } from '../text/terminal.js';
import { formatAge, formatMoment, parseTime } from '../text/time.js';
import { formatNumberOrText } from '../text/values.js';
import type { GatewayFlags } from '../with-client.js';
import { deviceTimeColumn } from './node.js';

interface GetFlags extends GatewayFlags {
  readonly at?: string;
  readonly from?: string;
  readonly to?: string;
}

/** What is asked for. Times are ms since the epoch. */
interface Wish {
  readonly type: number | string;
  readonly node: number | string | undefined;
  readonly at: number | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

type AnyValue = Value & Partial<Pick<AgedValue, 'ageMs'>>;

/** Values in one request for a range. */
const PAGE = 10_000;

export function addGetCommand(program: Command): void {
  gatewayCommand(program, 'get', 'values of a data type: the latest, those of a time, or a stretch of time')
    .argument('<type>', 'name or id of a data type')
    .argument('[node]', 'address (5, 0x5) or name; all nodes unless given')
    .option('--at <time>', 'what was current then: an age (10m, 1h, 2d), 14:05, or ISO 8601')
    .option('--from <time>', 'values since then')
    .option('--to <time>', 'values until then')
    .action(async (type: string, node: string | undefined, flags: GetFlags) => {
      const wish = readWish(type, node, flags, Date.now());
      await askAndPrint(
        flags,
        async (client) => ({ values: await ask(wish, client) }),
        ({ values }, view) => formatValues(values, view),
      );
    });
}

/** Throws `BAD_USAGE`. */
function readWish(type: string, node: string | undefined, { at, from, to }: GetFlags, now: number): Wish {
  if (at !== undefined && (from ?? to) !== undefined) {
    throw new MeshgateError('BAD_USAGE', '--at excludes --from and --to');
  }
  const read = (text: string | undefined) => (text === undefined ? undefined : parseTime(text, now));
  return {
    type: parseNumberOrName(type),
    node: node === undefined ? undefined : parseNode(node),
    at: read(at),
    from: read(from),
    to: read(to),
  };
}

async function ask({ type, node, at, from, to }: Wish, client: MeshgateClient): Promise<AnyValue[]> {
  if (at !== undefined) return (await client.call('at', { type, node, time: at })).values;
  if (from === undefined && to === undefined) return (await client.latest(type, node)).values;
  const nodes = node === undefined ? (await client.nodes()).nodes.map(({ address }) => address) : [node];
  const stretch = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  const values: Value[] = [];
  for (const each of nodes) values.push(...(await askRange({ type, node: each, ...stretch }, client)));
  return values;
}

async function askRange(
  range: { type: number | string; node: number | string; from?: number; to?: number },
  client: MeshgateClient,
): Promise<Value[]> {
  const all: Value[] = [];
  let after: string | undefined;
  do {
    const { values, next } = await client.range({ ...range, limit: PAGE, after });
    all.push(...values);
    after = next ?? undefined;
  } while (after !== undefined);
  return all;
}

/** One column for each field of the type, so that numbers stand under each other. */
export function formatValues(values: readonly AnyValue[], view: View): string {
  if (values.length === 0) return 'No value is held.\n';
  return formatTable(
    [
      { title: 'NODE', text: ({ node }: AnyValue) => formatAddress(node) },
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

function fieldColumns(values: readonly AnyValue[]): Column<AnyValue>[] {
  const units = new Map<string, string | undefined>();
  for (const { fields } of values)
    for (const [name, { unit }] of Object.entries(fields)) units.set(name, unit);
  if (units.size === 0) return [{ title: 'BYTES', text: ({ bytes }) => bytes, flexible: 24 }];
  return [...units].map(([name, unit]) => fieldColumn(name, unit, values));
}

/** Numbers with as many decimals as the one with the most, so that their points stand under each other. */
function fieldColumn(name: string, unit: string | undefined, values: readonly AnyValue[]): Column<AnyValue> {
  const texts = values.map(({ fields }) => formatNumberOrText(fields[name]?.value ?? ''));
  const decimals = Math.max(...texts.map((text) => (/^-?\d+\.(\d+)$/.exec(text)?.[1] ?? '').length));
  return {
    title: unit === undefined ? name.toUpperCase() : `${name.toUpperCase()} [${unit}]`,
    text: ({ fields }) => formatField(fields[name]?.value, decimals),
    align: 'right',
  };
}

function formatField(value: number | string | undefined, decimals: number): string {
  if (value === undefined) return '-';
  return typeof value === 'number' ? value.toFixed(decimals) : value;
}
