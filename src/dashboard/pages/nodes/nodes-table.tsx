import { NARROW, useMedia } from '../../parts/use-media.js';
import { useVirtual } from '../../parts/use-virtual.js';
import { setQuery } from '../../router.js';
import { useSession } from '../../store/context.js';
import type { NodeRecord } from '../../store/node-record.js';
import { useTopic } from '../../store/topic.js';
import { NarrowRow, NodeRow } from './node-row.js';
import type { Sort, ValueColumn } from './nodes-view.js';

/** px; the same as in styles/grid.css. */
const ROW_HEIGHT = 32;
const NARROW_ROW_HEIGHT = 52;
const FIXED_COLUMNS = [
  ['name', 'Node', 120],
  ['address', 'Address', 84],
  ['status', 'Status', 124],
  ['heard', 'Last heard', 104],
] as const;
const NARROW_COLUMNS = [
  ['name', 'Node', 0],
  ['status', 'Status', 124],
] as const;
const UUID_WIDTH = 280;
/** px that "restored" takes beside a status. */
const RESTORED_WIDTH = 60;

interface Props {
  readonly records: readonly NodeRecord[];
  readonly columns: readonly ValueColumn[];
  readonly sort: Sort;
}

interface Column {
  readonly id: string;
  readonly title: string;
  /** px; 0 = the remaining width. */
  readonly width: number;
}

export function NodesTable({ records, columns, sort }: Props) {
  const isNarrow = useMedia(NARROW);
  const rows = useVirtual(records.length, isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT);
  const hasRestored = records.some(({ info }) => info.restored);
  const all = isNarrow ? NARROW_COLUMNS.map(toColumn) : allColumns(columns);
  const shown = hasRestored ? all.map(widenStatus) : all;
  const width = shown.reduce((sum, column) => sum + column.width, 0);
  const Row = isNarrow ? NarrowRow : NodeRow;
  return (
    <section class="scroll" ref={rows.ref} onScroll={rows.onScroll} aria-label="Table of nodes">
      <table
        class="grid nodes"
        aria-label="Nodes"
        aria-rowcount={records.length + 1}
        style={{ minWidth: isNarrow ? undefined : `${width}px` }}
      >
        <colgroup>
          {shown.map(({ id, width }) => (
            <col key={id} style={width > 0 ? { width: `${width}px` } : undefined} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {shown.map((column) => (
              <HeadCell key={column.id} column={column} sort={sort} />
            ))}
          </tr>
        </thead>
        <tbody style={rows.style}>
          {records.slice(rows.first, rows.end).map((record, index) => (
            <Row key={record.info.address} record={record} columns={columns} index={rows.first + index + 2} />
          ))}
        </tbody>
      </table>
      {records.length === 0 && <Empty />}
    </section>
  );
}

function toColumn([id, title, width]: readonly [string, string, number]): Column {
  return { id, title, width };
}

function allColumns(columns: readonly ValueColumn[]): Column[] {
  return [
    ...FIXED_COLUMNS.map(toColumn),
    ...columns.map(({ type, width }) => ({ id: `type:${type}`, title: type, width })),
    { id: 'uuid', title: 'UUID', width: UUID_WIDTH },
  ];
}

function widenStatus(column: Column): Column {
  return column.id === 'status' ? { ...column, width: column.width + RESTORED_WIDTH } : column;
}

function HeadCell({ column: { id, title }, sort }: { readonly column: Column; readonly sort: Sort }) {
  const isSorted = sort.column === id;
  const direction = isSorted ? (sort.isDescending ? 'descending' : 'ascending') : 'none';
  const onClick = () => setQuery('sort', isSorted && !sort.isDescending ? `-${id}` : id);
  return (
    <th scope="col" aria-sort={direction}>
      <button type="button" class="sort" onClick={onClick}>
        {title}
        <span class="arrow" aria-hidden="true">
          {isSorted ? (sort.isDescending ? '▾' : '▴') : ''}
        </span>
      </button>
    </th>
  );
}

function Empty() {
  const session = useSession();
  useTopic(session.topic);
  const { size } = session.store.nodes;
  if (!session.store.link) return <p class="placeholder">Loading…</p>;
  if (size > 0) return <p class="placeholder">No matching nodes.</p>;
  return <p class="placeholder">No nodes yet. A node appears when the root lists it or when it is heard.</p>;
}
