/** `meshgate get --bucket`: values aggregated by time bucket. */

import { alignNumber, decimalsOf } from '../../../base/number-text.js';
import type { BucketInfo, MeshgateClient } from '../../../client/index.js';
import { askAndPrint } from '../../gateway-command.js';
import { note } from '../../output.js';
import { formatSubject } from '../../text/address.js';
import { type Column, formatTable } from '../../text/table.js';
import type { View } from '../../text/terminal.js';
import { formatMoment, type TimeRange } from '../../text/time.js';
import { undecodedNote } from '../../text/undecoded.js';
import type { GatewayFlags } from '../../with-client.js';

interface BucketQuery {
  readonly type: number | string;
  readonly node: number | string | undefined;
  readonly range: TimeRange;
  readonly bucketMs: number;
}

/** A bucket, and the node whose values are in it. */
export interface NodeBucket extends BucketInfo {
  readonly node: number;
  /** Id of a device. */
  readonly device?: string | undefined;
}

/** Buckets shown without --from. */
const DEFAULT_BUCKETS = 24;

export async function printBuckets(flags: GatewayFlags, query: BucketQuery, now: number): Promise<void> {
  const units = new Map<object, ReadonlyMap<string, string | null>>();
  await askAndPrint(
    flags,
    async (client) => {
      const buckets = await readBuckets(query, now, client);
      const { types } = await client.call('dataTypes', {});
      const fields = types.find(isNamed(query.type))?.fields ?? [];
      units.set(buckets, new Map(fields.map(({ name, unit }) => [name, unit])));
      return { bucketMs: query.bucketMs, buckets };
    },
    ({ buckets }, view) => formatBuckets(buckets, units.get(buckets) ?? new Map(), view),
  );
}

async function readBuckets(
  { type, node, range, bucketMs }: BucketQuery,
  now: number,
  client: MeshgateClient,
): Promise<NodeBucket[]> {
  const { to = now } = range;
  const { from = beginOf(to, bucketMs) - (DEFAULT_BUCKETS - 1) * bucketMs } = range;
  const all: NodeBucket[] = [];
  let totalUndecoded = 0;
  for (const owner of await nodesWithValues({ type, node, from, to }, client)) {
    const params = { type, node: owner.device ?? owner.node, from, to, bucketMs };
    const { buckets, undecoded = 0 } = await client.aggregate(params);
    totalUndecoded += undecoded;
    all.push(...buckets.map((bucket) => ({ ...owner, ...bucket })));
  }
  const changed = undecodedNote(totalUndecoded, true);
  if (changed !== undefined) note(changed);
  return all;
}

/** Includes nodes that the gateway has forgotten. */
async function nodesWithValues(
  {
    type,
    node,
    from,
    to,
  }: { type: number | string; node: number | string | undefined } & Required<TimeRange>,
  client: MeshgateClient,
): Promise<Pick<NodeBucket, 'node' | 'device'>[]> {
  const { values } = await client.call('at', { type, node, time: to });
  return values
    .filter(({ receivedAt }) => receivedAt >= from)
    .map(({ node, device }) => (device === undefined ? { node } : { node, device }));
}

function beginOf(time: number, bucketMs: number): number {
  return Math.floor(time / bucketMs) * bucketMs;
}

/** One numeric field in one bucket. */
interface Row {
  readonly bucket: NodeBucket;
  readonly field: string;
  readonly summary: BucketInfo['fields'][string];
}

/** A line for each field of each bucket. `units`: of the fields, by name. */
export function formatBuckets(
  buckets: readonly NodeBucket[],
  units: ReadonlyMap<string, string | null>,
  view: View,
): string {
  const rows = buckets.flatMap((bucket) =>
    Object.entries(bucket.fields).map(([field, summary]): Row => ({ bucket, field, summary })),
  );
  if (rows.length === 0) return 'No numeric values.\n';
  const decimals = fieldDecimals(rows);
  const number = (title: string, read: (summary: Row['summary']) => number, more = 0): Column<Row> => ({
    title,
    text: ({ field, summary }) => roundTo(read(summary), (decimals.get(field) ?? 0) + more),
    align: 'right',
  });
  return formatTable(
    [
      { title: 'NODE', text: ({ bucket }) => formatSubject(bucket, view.gateway), optional: 1 },
      { title: 'FROM', text: ({ bucket }) => formatMoment(bucket.at, view) },
      { title: 'FIELD', text: ({ field }) => describeField(field, units), flexible: 12 },
      number('MIN', ({ min }) => min),
      number('MEAN', ({ mean }) => mean, 1),
      number('MAX', ({ max }) => max),
      { ...number('LAST', ({ last }) => last), optional: 2 },
      { title: 'VALUES', text: ({ bucket }) => String(bucket.count), align: 'right', optional: 3 },
    ],
    rows,
    view.terminal,
  );
}

function describeField(field: string, units: ReadonlyMap<string, string | null>): string {
  const unit = units.get(field);
  return unit ? `${field} [${unit}]` : field;
}

/** The highest number of decimals of each field: aligns the decimal points. */
function fieldDecimals(rows: readonly Row[]): Map<string, number> {
  const decimals = new Map<string, number>();
  for (const { field, summary } of rows) {
    const highest = Math.max(...[summary.min, summary.max, summary.last].map(decimalsOf));
    decimals.set(field, Math.max(highest, decimals.get(field) ?? 0));
  }
  return decimals;
}

/** A mean has too many digits; a number too small for these decimals keeps its exponent. */
function roundTo(value: number, decimals: number): string {
  const rounded = Number(value.toFixed(Math.min(6, decimals)));
  return alignNumber(rounded === 0 ? value : rounded, Math.min(6, decimals));
}

function isNamed(type: number | string) {
  return ({ name, id }: { readonly name: string; readonly id: number }) =>
    id === type || name.toLowerCase() === String(type).toLowerCase();
}
