/** The nodes that the table shows, filtered and sorted. */

import type { AgedValue, NodeStatusName } from '../../../api/shapes.js';
import { positionIn } from '../../../protocol/position.js';
import { decimalsOf, trendField } from '../../format.js';
import type { NodeRecord } from '../../store/node-record.js';
import { STATUSES, type Store } from '../../store/store.js';

export interface ValueColumn {
  readonly type: string;
  readonly id: number;
  /** The field to draw a trend of. */
  readonly trend: string | undefined;
  /** The most decimals that any node needs, so that figures are aligned. */
  decimals: number;
  /** px. */
  readonly width: number;
}

/** `name`, `address`, `status`, `heard`, `uuid`, or `type:` and a data type. Prefixed with `-`: descending. */
export interface Sort {
  readonly column: string;
  readonly isDescending: boolean;
}

export interface NodesView {
  readonly search: string;
  readonly status: NodeStatusName | undefined;
  readonly sort: Sort;
}

export function readNodesView(query: URLSearchParams): NodesView {
  const status = query.get('status');
  const sort = query.get('sort') ?? 'address';
  return {
    search: query.get('search') ?? '',
    status: STATUSES.find((name) => name === status),
    sort: { column: sort.replace(/^-/, ''), isDescending: sort.startsWith('-') },
  };
}

export function findNodes(store: Store, { search, status, sort }: NodesView): NodeRecord[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found: NodeRecord[] = [];
  for (const record of store.nodes.values()) {
    if (status !== undefined && store.statusOf(record.info) !== status) continue;
    if (words.every((word) => record.searchText.includes(word))) found.push(record);
  }
  return sortNodes(found, sort, store);
}

type Key = number | string;

function sortNodes(records: NodeRecord[], { column, isDescending }: Sort, store: Store): NodeRecord[] {
  const keyed = records.map((record) => ({ record, key: sortKey(record, column, store) }));
  const sign = isDescending ? -1 : 1;
  keyed.sort(
    (a, b) =>
      compareMissing(a.key, b.key) ||
      sign * compare(a.key, b.key) ||
      a.record.info.address - b.record.info.address,
  );
  return keyed.map(({ record }) => record);
}

/** Undefined if the node has no such value: it sorts last in both directions. */
function sortKey({ info }: NodeRecord, column: string, store: Store): Key | undefined {
  switch (column) {
    case 'name':
      return info.name.toLowerCase();
    case 'status':
      return STATUSES.indexOf(store.statusOf(info));
    case 'heard':
      return info.lastHeardAt === null ? undefined : -info.lastHeardAt;
    case 'uuid':
      return info.uuid ?? undefined;
    case 'address':
      return info.address;
    default:
      return valueKey(info.values.find(({ type }) => `type:${type}` === column)?.fields);
  }
}

function valueKey(fields: NodeRecord['info']['values'][number]['fields'] | undefined): Key | undefined {
  if (!fields) return undefined;
  const name = trendField({ fields }) ?? Object.keys(fields)[0];
  return name === undefined ? undefined : fields[name]?.value;
}

function compareMissing(a: Key | undefined, b: Key | undefined): number {
  return Number(a === undefined) - Number(b === undefined);
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compare(a: Key | undefined, b: Key | undefined): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
}

const TREND_WIDTH = 180;
const POSITION_WIDTH = 184;
const PLAIN_WIDTH = 96;

function newColumn(value: AgedValue): ValueColumn {
  const trend = trendField(value);
  const width = trend ? TREND_WIDTH : positionIn(value.fields) ? POSITION_WIDTH : PLAIN_WIDTH;
  return { type: value.type, id: value.id, trend, decimals: 0, width };
}

/** A column for each data type that any node has reported, by ascending id. */
export function findColumns(store: Store): ValueColumn[] {
  const columns = new Map<number, ValueColumn>();
  for (const { info } of store.nodes.values()) {
    for (const value of info.values) {
      const column = columns.get(value.id) ?? newColumn(value);
      columns.set(value.id, column);
      column.decimals = Math.max(column.decimals, decimalsOf(value.fields[column.trend ?? '']?.value));
    }
  }
  return [...columns.values()].sort((a, b) => a.id - b.id);
}
