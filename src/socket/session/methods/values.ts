import { z } from 'zod';
import type { Hub, NodeValue } from '../../../network/hub.js';
import type { DataType } from '../../../protocol/data-types.js';
import { describeAgedValue, describeValue } from '../describe.js';
import { method, nodeParam, resolveNode, resolveType, typeParam } from '../method.js';
import { agedValueShape, valueShape } from '../shapes.js';

/** Values in one page of a range. */
const MAX_PAGE = 10_000;

const time = z.number().describe('ms since the epoch, host clock');
const valuesResult = z.object({ values: z.array(agedValueShape) });

export const valueMethods = [
  method({
    name: 'latest',
    summary: 'The latest value of a data type, of one node or of every node that has one.',
    params: z.strictObject({ type: typeParam, node: nodeParam.optional() }),
    result: valuesResult,
    run: ({ type, node }, { hub, clock }) => {
      const dataType = resolveType(type, hub);
      const found = nodesOf(node, hub).flatMap((address) => latestOf(address, dataType, hub));
      return { values: found.map((value) => describeAgedValue(value, clock.now())) };
    },
  }),
  method({
    name: 'at',
    summary: 'The value that was current at a time, of one node or of every node that had one by then.',
    params: z.strictObject({ type: typeParam, node: nodeParam.optional(), time }),
    result: valuesResult,
    run: ({ type, node, time: to }, { hub, clock }) => {
      const dataType = resolveType(type, hub);
      const found = nodesOf(node, hub).flatMap((address) => rangeOf(address, dataType, 0, to, hub).slice(-1));
      return { values: found.map((value) => describeAgedValue(value, clock.now())) };
    },
  }),
  method({
    name: 'range',
    summary: 'The values of a node and data type in a stretch of time, oldest first, a page at a time.',
    params: z.strictObject({
      type: typeParam,
      node: nodeParam,
      from: time.default(0),
      to: time.optional().describe('now, unless given'),
      limit: z.int().min(1).max(MAX_PAGE).default(1000),
      after: z
        .string()
        .regex(/^\d+\.\d+$/)
        .optional()
        .describe('`next` of the page before'),
    }),
    result: z.object({ values: z.array(valueShape), next: z.string().nullable() }),
    run: ({ type, node, from, to, limit, after }, { hub }) => {
      const address = resolveNode(node, hub).address;
      const all = rangeOf(address, resolveType(type, hub), from, to ?? Number.MAX_SAFE_INTEGER, hub);
      const rest = skipTo(all, after);
      const page = rest.slice(0, limit);
      return { values: page.map(describeValue), next: rest.length > limit ? cursorBehind(all, page) : null };
    },
  }),
] as const;

function nodesOf(node: number | string | undefined, hub: Hub): number[] {
  if (node !== undefined) return [resolveNode(node, hub).address];
  return hub.nodes().map(({ address }) => address);
}

function latestOf(node: number, type: DataType, hub: Hub): NodeValue[] {
  const latest = hub.findNode(node)?.latest.find((entry) => entry.type === type);
  return latest ? [{ node, ...latest }] : [];
}

function rangeOf(node: number, type: DataType, from: number, to: number, hub: Hub): NodeValue[] {
  return hub.values({ node, typeId: type.id, from, to }).map((value) => ({ node, type, value }));
}

/** A place between values: the time of the last one given, and how many of that time were given. */
function cursorBehind(all: readonly NodeValue[], page: readonly NodeValue[]): string {
  const last = page[page.length - 1]?.value.receivedAt ?? 0;
  const given = all.slice(0, all.indexOf(page[page.length - 1] as NodeValue) + 1);
  return `${last}.${given.filter(({ value }) => value.receivedAt === last).length}`;
}

function skipTo(all: readonly NodeValue[], cursor: string | undefined): readonly NodeValue[] {
  if (cursor === undefined) return all;
  const [last = 0, count = 0] = cursor.split('.').map(Number);
  const ofThatTime = all.filter(({ value }) => value.receivedAt === last);
  return [...ofThatTime.slice(count), ...all.filter(({ value }) => value.receivedAt > last)];
}
