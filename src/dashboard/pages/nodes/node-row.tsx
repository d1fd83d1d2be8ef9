import { TrendLine } from '../../charts/trend-line.js';
import { formatAddress, formatField, formatValue } from '../../format.js';
import { Age } from '../../parts/age.js';
import { RestoredMark } from '../../parts/restored-mark.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { nodeHref } from '../../router.js';
import { useSession } from '../../store/context.js';
import type { NodeRecord } from '../../store/node-record.js';
import { useTopic } from '../../store/topic.js';
import type { ValueColumn } from './nodes-view.js';

interface Props {
  readonly record: NodeRecord;
  readonly columns: readonly ValueColumn[];
  /** Among all rows; the header is 1. */
  readonly index: number;
}

/** Rendered only when its own node has changed. */
export function NodeRow({ record, columns, index }: Props) {
  const { store } = useSession();
  useTopic(record.topic);
  const { address, name, uuid, lastHeardAt } = record.info;
  return (
    <tr aria-rowindex={index} data-address={address}>
      <th scope="row" class="ellipsis">
        <a href={nodeHref(address)}>{name}</a>
      </th>
      <td class="mono">{formatAddress(address)}</td>
      <td>
        <StatusBadge status={store.statusOf(record.info)} />
        <RestoredMark isRestored={record.info.restored} />
      </td>
      <td class="figure">
        <Age at={lastHeardAt} />
      </td>
      {columns.map((column) => (
        <ValueCell key={column.id} record={record} column={column} />
      ))}
      <td class="mono muted ellipsis">{uuid ?? '–'}</td>
    </tr>
  );
}

function ValueCell({ record, column }: { readonly record: NodeRecord; readonly column: ValueColumn }) {
  const value = record.info.values.find(({ id }) => id === column.id);
  if (!value) return <td class="muted">–</td>;
  const field = column.trend === undefined ? undefined : value.fields[column.trend];
  if (!field) return <td class="figure ellipsis">{formatValue(value)}</td>;
  return (
    <td class="with-trend">
      <span class="figure ellipsis">{formatField(field.value, field.unit, column.decimals)}</span>
      <TrendLine
        points={record.trendOf(column.type)}
        label={`Trend of ${column.trend}, ${record.info.name}`}
      />
    </td>
  );
}

/** For phones: the values are on a second line. */
export function NarrowRow({ record, columns, index }: Props) {
  const { store } = useSession();
  useTopic(record.topic);
  const { address, name, lastHeardAt, restored, values } = record.info;
  const trends = new Set(columns.filter(({ trend }) => trend !== undefined).map(({ id }) => id));
  const shown = [...values].sort((a, b) => Number(trends.has(b.id)) - Number(trends.has(a.id)));
  return (
    <tr aria-rowindex={index} data-address={address} class="narrow">
      <th scope="row">
        <a href={nodeHref(address)} class="ellipsis">
          {name}
        </a>
        <span class="second-line figure">{shown.map(formatValue).join(' · ') || formatAddress(address)}</span>
      </th>
      <td>
        <StatusBadge status={store.statusOf(record.info)} />
        <span class="second-line figure">
          {restored && 'restored, '}
          <Age at={lastHeardAt} suffix={lastHeardAt === null ? '' : ' ago'} />
        </span>
      </td>
    </tr>
  );
}
