import * as z from 'zod';
import { type ArchivedValue, ArchiveError, type Place } from '../../../network/archive.js';
import type { Hub, NodeValue, NodeView } from '../../../network/hub.js';
import { describeAgedValue, describeValue } from '../describe.js';
import { SessionError } from '../errors.js';
import { LongList } from '../long-reply.js';
import { method, nodeParam, resolveAddress, resolveNode, resolveType, typeParam } from '../method.js';
import {
  agedValueShape,
  bucketShape,
  type ExportedValue,
  exportedValueShape,
  valueShape,
} from '../shapes.js';

/** Values in one page of a range. */
const MAX_PAGE = 10_000;
/** Buckets in one reply: more than a screen has columns. */
const MAX_BUCKETS = 10_000;

const time = z.number().describe('ms since the epoch, host clock');
const from = time.default(0);
const to = time.optional().describe('now, unless given');
const limit = z.int().min(1).max(MAX_PAGE).default(1000);
const valuesResult = z.object({ values: z.array(agedValueShape) });
const next = z.string().nullable().describe('what to give as `after` for the next page');

export const valueMethods = [
  method({
    name: 'latest',
    summary: 'The latest value of a data type, of one node or of every node that has one.',
    params: z.strictObject({ type: typeParam, node: nodeParam.optional() }),
    result: valuesResult,
    run: ({ type, node }, { hub, clock }) => {
      const dataType = resolveType(type, hub);
      const latestOf = ({ address }: NodeView) => {
        const value = hub.latest(address, dataType.id);
        return value && describeAgedValue({ node: address, type: dataType, value }, clock.now());
      };
      if (node === undefined) return { values: LongList.ofNodes(hub, latestOf) };
      return { values: LongList.of([resolveNode(node, hub)], latestOf) };
    },
  }),
  method({
    name: 'at',
    summary: 'The value that was current at a time, of one node or of every node that had one by then.',
    params: z.strictObject({ type: typeParam, node: nodeParam.optional(), time }),
    result: valuesResult,
    run: async ({ type, node, time }, { hub, clock }) => {
      const { id } = resolveType(type, hub);
      const address = node === undefined ? undefined : await resolvePastNode(node, hub);
      const found = await asked(hub.archive.current(id, time, address));
      return { values: longList(found, hub, (value) => describeAgedValue(value, clock.now())) };
    },
  }),
  method({
    name: 'range',
    summary: 'The values of a node and data type in a stretch of time, oldest first, a page at a time.',
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
        .describe('`next` of the page before'),
    }),
    result: z.object({ values: z.array(valueShape), next }),
    run: async ({ type, node, from, to = Number.MAX_SAFE_INTEGER, limit, after }, { hub }) => {
      const series = { node: await resolvePastNode(node, hub), typeId: resolveType(type, hub).id };
      const [at = 0, count = 0] = (after ?? '').split('.').map(Number);
      const behind = after === undefined ? undefined : { ...series, at, count };
      const page = await asked(hub.archive.read({ ...series, from, to }, limit, behind));
      const values = longList(page.values, hub, describeValue);
      return { values, next: page.next ? `${page.next.at}.${page.next.count}` : null };
    },
  }),
  method({
    name: 'aggregate',
    summary:
      'The numbers of a node and data type in buckets of time: least, most, mean and last of each field.',
    params: z.strictObject({
      type: typeParam,
      node: nodeParam,
      from: time,
      to,
      bucketMs: z.int().min(1).describe(`so long that there are ${MAX_BUCKETS} buckets at most`),
    }),
    result: z.object({
      buckets: z.array(bucketShape).describe('oldest first; those without a value are left out'),
    }),
    run: async ({ type, node, from, to, bucketMs }, { hub, clock }) => {
      const stretch = { from, to: to ?? clock.now() };
      if ((stretch.to - stretch.from) / bucketMs > MAX_BUCKETS) {
        throw new SessionError('BAD_PARAMS', `bucketMs: there would be more than ${MAX_BUCKETS} buckets`);
      }
      const series = { node: await resolvePastNode(node, hub), typeId: resolveType(type, hub).id };
      return {
        buckets: LongList.of(await asked(hub.archive.buckets(series, stretch, bucketMs)), (bucket) => bucket),
      };
    },
  }),
  method({
    name: 'export',
    summary:
      'All values in a stretch of time, by rising node and type id, then oldest first, a page at a time.',
    params: z.strictObject({
      type: typeParam.optional().describe('all types, unless given'),
      node: nodeParam.optional().describe('all nodes, unless given'),
      from,
      to,
      limit,
      after: z
        .string()
        .regex(/^\d+\.\d+\.\d+\.\d+$/)
        .optional()
        .describe('`next` of the page before'),
    }),
    result: z.object({
      values: z.array(exportedValueShape),
      next,
      progress: z.number().describe('how much has been gone through, 0 to 1'),
    }),
    run: async ({ type, node, from, to = Number.MAX_SAFE_INTEGER, limit, after }, { hub }) => {
      const query = {
        from,
        to,
        ...(type !== undefined && { typeId: resolveType(type, hub).id }),
        ...(node !== undefined && { node: await resolvePastNode(node, hub) }),
      };
      const page = await asked(
        hub.archive.read(query, limit, after === undefined ? undefined : readPlace(after)),
      );
      const values = longList(page.values, hub, (value) => describeExported(value, hub));
      return { values, next: page.next ? writePlace(page.next) : null, progress: page.progress };
    },
  }),
] as const;

/** The address of a node that is known, or has left values. Rejects with `NODE_NOT_FOUND`. */
async function resolvePastNode(node: number | string, hub: Hub): Promise<number> {
  const address = resolveAddress(node, hub);
  if (hub.findNode(address)) return address;
  const { values } = await asked(
    hub.archive.read({ node: address, from: 0, to: Number.MAX_SAFE_INTEGER }, 1),
  );
  if (values.length === 0) throw new SessionError('NODE_NOT_FOUND', String(node));
  return address;
}

/** Values whose type is not defined any more are left out. */
function longList<Shown>(
  found: readonly ArchivedValue[],
  { tables }: Hub,
  describe: (value: NodeValue) => Shown,
): LongList<Shown> {
  return LongList.of(found, ({ node, typeId, value }) => {
    const type = tables.dataTypes.findById(typeId);
    return type && describe({ node, type, value });
  });
}

function describeExported(value: NodeValue, hub: Hub): ExportedValue {
  return { ...describeValue(value), name: hub.nameOf(value.node) };
}

/** Turns what the archive can't do into a refusal. */
async function asked<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ArchiveError) throw new SessionError('HISTORY_FAILED', error.message);
    throw error;
  }
}

function writePlace({ node, typeId, at, count }: Place): string {
  return [node, typeId, at, count].join('.');
}

function readPlace(cursor: string): Place {
  const [node = 0, typeId = 0, at = 0, count = 0] = cursor.split('.').map(Number);
  return { node, typeId, at, count };
}
