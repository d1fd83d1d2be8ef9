import { formatValue } from '../format.js';
import { nodeHref } from '../router.js';
import { useSession } from '../store/context.js';
import type { NodeRecord } from '../store/node-record.js';
import { useTopic } from '../store/topic.js';
import { LastHeard } from './age.js';
import { StatusBadge } from './status-badge.js';

/** A summary of the node selected on the map or in the graph. */
export function SelectedNode({ address }: { readonly address: number | undefined }) {
  const { store } = useSession();
  const record = address === undefined ? undefined : store.nodes.get(address);
  return (
    <p class="selected-node" data-testid="selected-node">
      {record ? <Line record={record} /> : <span class="muted">Select a node for details.</span>}
    </p>
  );
}

function Line({ record }: { readonly record: NodeRecord }) {
  const { store } = useSession();
  useTopic(record.topic);
  const { name, address, lastHeardAt, values } = record.info;
  return (
    <>
      <a href={nodeHref(address)}>{name}</a>
      <StatusBadge status={store.statusOf(record.info)} />
      <span class="figure muted">
        <LastHeard at={lastHeardAt} />
      </span>
      <span class="figure ellipsis">
        {values.map((value) => `${value.type} ${formatValue(value)}`).join(' · ')}
      </span>
    </>
  );
}
