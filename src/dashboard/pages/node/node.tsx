import { formatAddress } from '../../format.js';
import { LastHeard } from '../../parts/age.js';
import { Card } from '../../parts/card.js';
import { PageTitle } from '../../parts/page-title.js';
import { RestoredMark } from '../../parts/restored-mark.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { useMayAct, useSession } from '../../store/context.js';
import type { NodeRecord } from '../../store/node-record.js';
import { useSlowTopic, useTopic } from '../../store/topic.js';
import { Explain } from './explain.js';
import { ForgetNode } from './forget-node.js';
import { NodeDetails, StatusHistory } from './node-details.js';
import { NodeMessages } from './node-messages.js';
import { NodePlots } from './node-plots.js';
import { PingButton } from './ping.js';
import { SendForm } from './send-form.js';

const CHECK_EVERY_MS = 1000;

export function NodePage({ address }: { readonly address: number }) {
  const session = useSession();
  useTopic(session.topic);
  useSlowTopic(session.store.topics.nodes, CHECK_EVERY_MS);
  const record = session.store.nodes.get(address);
  if (record) return <KnownNode record={record} />;
  const isLoading = !session.store.link;
  return (
    <div class="page">
      <PageTitle title={isLoading ? 'Node' : 'Node not found'} />
      <p class="placeholder">
        {isLoading ? 'Loading…' : notFoundText(address)} <a href="#/nodes">All nodes</a>
      </p>
    </div>
  );
}

function notFoundText(address: number): string {
  return Number.isInteger(address)
    ? `There is no node with address ${formatAddress(address)}.`
    : 'The node’s address is invalid.';
}

function KnownNode({ record }: { readonly record: NodeRecord }) {
  const { store } = useSession();
  useTopic(record.topic);
  const mayAct = useMayAct();
  const { address, name, status, lastHeardAt } = record.info;
  return (
    <div class="page">
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="#/nodes">Nodes</a> <span aria-hidden="true">/</span> {name}
      </nav>
      <PageTitle title={name}>
        <span class="mono muted">{formatAddress(address)}</span>
        <StatusBadge status={store.statusOf(record.info)} />
        <RestoredMark isRestored={record.info.restored} />
        <span class="figure muted">
          <LastHeard at={lastHeardAt} />
        </span>
        <a href={`#/map?node=${address}`}>Show on map</a>
        <a href={`#/topology?node=${address}`}>Show in topology</a>
        {mayAct && <ForgetNode address={address} name={name} />}
      </PageTitle>
      <div class="node-columns">
        <div class="column">
          <NodeDetails record={record} />
          <Explain address={address} status={status} />
          {mayAct && (
            <Card title="Send">
              <SendForm to={address} />
              <PingButton address={address} />
            </Card>
          )}
          <StatusHistory record={record} />
        </div>
        <div class="column">
          <NodePlots record={record} />
        </div>
      </div>
      <NodeMessages address={address} />
    </div>
  );
}
