import * as z from 'zod';
import { type ArchivedValue, ArchiveError, type Cursor, type SeriesQuery } from '../../hub/archive.js';
import type { Hub, NodeView } from '../../hub/hub.js';
import { isDevice } from '../../protocol/address.js';
import { numberIn } from '../../protocol/names.js';
import { describeAge, describeAgedValue, describeArchived } from '../describe.js';
import { SessionError } from '../errors.js';
import { LongList } from '../long-reply.js';
import {
  findType,
  type MethodContext,
  method,
  nodeParam,
  resolveAddress,
  resolveNode,
  resolveType,
  typeParam,
} from '../method.js';
import {
  agedValueShape,
  bucketShape,
  type ExportedValue,
  exportedValueShape,
  valueShape,
} from '../shapes.js';

/** Values in one page of a range. */
const MAX_PAGE = 10_000;
/** Buckets in one reply: more than the pixels across a screen. */
const MAX_BUCKETS = 10_000;

const time = z.number().describe('ms since the epoch, host clock');
const from = time.default(0);
const to = time.optional().describe('default: now');
const limit = z.int().min(1).max(MAX_PAGE).default(1000);
const valuesResult = z.object({ values: z.array(agedValueShape) });
const undecoded = z
  .int()
  .describe('values without fields: their type in data-types.json has changed since they were stored');
const next = z.string().nullable().describe('pass as `after` to get the next page; null = last page');

export const valueMethods = [
  method({
    name: 'latest',
    summary: 'The latest value of a data type, from one node or device, or from all that have one.',
    params: z.strictObject({ type: typeParam, node: nodeParam.optional() }),
    result: valuesResult,
    run: ({ type, node }, { hub, clock }) => {
      const dataType = resolveType(type, hub);
      const latestOf = ({ address }: NodeView) => {
        const value = hub.picture.latest(address, dataType.id);
        const device = isDevice(address) ? hub.picture.nameOf(address) : undefined;
        return value && describeAgedValue({ node: address, device, type: dataType, value }, clock.now());
      };
      if (node === undefined) return { values: LongList.ofNodesAndDevices(hub, latestOf) };
      return { values: LongList.of([resolveNode(node, hub)], latestOf) };
    },
  }),
  method({
    name: 'at',
    summary: 'The value that was current at a given time, of one node or of all nodes that had one.',
    params: z.strictObject({ type: typeParam, node: nodeParam.optional(), time }),
    result: z.object({ values: z.array(agedValueShape), undecoded }),
    run: async ({ type, node, time }, context) => {
      const { hub, clock } = context;
      const query = {
        ...(await resolvePastType(type, context)),
        ...(node !== undefined && { node: await resolvePastNode(node, context) }),
      };
      const found = await orHistoryFailed(hub.archive.current(query, time, context));
      const now = clock.now();
      const values = LongList.of(found, (value) => describeAge(describeArchived(value, hub), now));
      return { values, undecoded: countUndecoded(found) };
    },
  }),
  method({
    name: 'range',
    summary: 'The values of a node and data type in a time range, oldest first, a page at a time.',
    params: z.strictObject({
      type: typeParam,
      node: nodeParam,
      from,
      to,
      limit,
      after: z
        .string()
        .regex(/^\d+\.\d+$/)
        .optional()
        .describe('`next` of the previous page'),
    }),
    result: z.object({ values: z.array(valueShape), next, undecoded }),
    run: async ({ type, node, from, to = Number.MAX_SAFE_INTEGER, limit, after }, context) => {
      const { hub } = context;
      const address = await resolvePastNode(node, context);
      const series = { node: address, typeId: await resolvePastTypeId(type, context) };
      const [at = 0, count = 0] = (after ?? '').split('.').map(Number);
      const cursor = after === undefined ? undefined : { ...series, at, count };
      const page = await orHistoryFailed(hub.archive.read({ ...series, from, to }, limit, cursor, context));
      const values = LongList.of(page.values, (value) => describeArchived(value, hub));
      const next = page.next ? `${page.next.at}.${page.next.count}` : null;
      return { values, next, undecoded: countUndecoded(page.values) };
    },
  }),
  method({
    name: 'aggregate',
    summary:
      'Values of a node and data type summarized in time buckets: minimum, maximum, mean and last of each field.',
    params: z.strictObject({
      type: typeParam,
      node: nodeParam,
      from: time,
      to,
      bucketMs: z.int().min(1).describe(`width of a bucket; the range may have up to ${MAX_BUCKETS} of them`),
    }),
    result: z.object({
      buckets: z.array(bucketShape).describe('oldest first; empty buckets are omitted'),
      undecoded: z
        .int()
        .describe('values not counted: their type in data-types.json has changed since they were stored'),
    }),
    run: async ({ type, node, from, to, bucketMs }, context) => {
      const { hub, clock } = context;
      const range = { from, to: to ?? clock.now() };
      if ((range.to - range.from) / bucketMs > MAX_BUCKETS) {
        throw new SessionError(
          'BAD_PARAMS',
          `bucketMs: more than ${MAX_BUCKETS} buckets; use a larger value`,
        );
      }
      const typeId = await resolvePastTypeId(type, context);
      const typeName = findType(typeId, hub)?.name;
      const named = typeName === undefined ? {} : { typeName };
      const query = { node: await resolvePastNode(node, context), typeId, ...named, ...range };
      const { buckets, undecoded } = await orHistoryFailed(hub.archive.buckets(query, bucketMs, context));
      return { buckets: LongList.of(buckets, (bucket) => bucket), undecoded };
    },
  }),
  method({
    name: 'export',
    summary: 'All values in a time range, sorted by node, type id and time, a page at a time.',
    params: z.strictObject({
      type: typeParam.optional().describe('default: all'),
      node: nodeParam.optional().describe('default: all'),
      from,
      to,
      limit,
      after: z
        .string()
        .regex(/^\d+\.\d+\.\d+\.\d+$/)
        .optional()
        .describe('`next` of the previous page'),
    }),
    result: z.object({
      values: z.array(exportedValueShape),
      next,
      undecoded,
      progress: z.number().describe('share of the range exported so far, 0 to 1'),
    }),
    run: async ({ type, node, from, to = Number.MAX_SAFE_INTEGER, limit, after }, context) => {
      const { hub } = context;
      const query = {
        from,
        to,
        ...(type !== undefined && (await resolvePastType(type, context))),
        ...(node !== undefined && { node: await resolvePastNode(node, context) }),
      };
      const cursor = after === undefined ? undefined : readCursor(after);
      const page = await orHistoryFailed(hub.archive.read(query, limit, cursor, context));
      const values = LongList.of(page.values, (value) => describeExported(value, hub));
      const next = page.next ? writeCursor(page.next) : null;
      return { values, next, undecoded: countUndecoded(page.values), progress: page.progress };
    },
  }),
] as const;

const ALL_TIME = { from: 0, to: Number.MAX_SAFE_INTEGER };

/** The address of a node that is known or has stored values. Rejects with `NODE_NOT_FOUND`. */
async function resolvePastNode(node: number | string, context: MethodContext): Promise<number> {
  const { hub } = context;
  const address = resolveAddress(node, hub);
  if (hub.picture.findNode(address)) return address;
  const { values } = await orHistoryFailed(
    hub.archive.read({ node: address, ...ALL_TIME }, 1, undefined, context),
  );
  if (values.length === 0) throw new SessionError('NODE_NOT_FOUND', String(node));
  return address;
}

/**
 * A type in data-types.json, including values stored under its name when it had another id; or a removed type that has
 * stored values. Rejects with `TYPE_NOT_FOUND`.
 */
async function resolvePastType(type: number | string, context: MethodContext): Promise<SeriesQuery> {
  const known = findType(type, context.hub);
  if (!known) return { typeId: await resolvePastTypeId(type, context) };
  return typeof type === 'number' ? { typeId: known.id } : { typeId: known.id, typeName: known.name };
}

async function resolvePastTypeId(type: number | string, context: MethodContext): Promise<number> {
  const { hub } = context;
  const known = findType(type, hub);
  if (known) return known.id;
  const id = typeof type === 'number' ? type : numberIn(type);
  const query = id === undefined ? { typeName: String(type) } : { typeId: id };
  const { values } = await orHistoryFailed(
    hub.archive.read({ ...query, ...ALL_TIME }, 1, undefined, context),
  );
  const [first] = values;
  if (!first) throw new SessionError('TYPE_NOT_FOUND', String(type));
  return first.typeId;
}

function countUndecoded(values: readonly ArchivedValue[]): number {
  return values.reduce((count, { formerType }) => count + (formerType === undefined ? 0 : 1), 0);
}

function describeExported(value: ArchivedValue, hub: Hub): ExportedValue {
  return { ...describeArchived(value, hub), name: hub.picture.nameOf(value.node) };
}

/** Turns an error of the archive into `HISTORY_FAILED`. */
async function orHistoryFailed<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ArchiveError) throw new SessionError('HISTORY_FAILED', error.message);
    throw error;
  }
}

function writeCursor({ node, typeId, at, count }: Cursor): string {
  return [node, typeId, at, count].join('.');
}

function readCursor(text: string): Cursor {
  const [node = 0, typeId = 0, at = 0, count = 0] = text.split('.').map(Number);
  return { node, typeId, at, count };
}
