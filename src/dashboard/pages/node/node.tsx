import { formatAddress } from '../../format.js';
import { Age } from '../../parts/age.js';
import { Card } from '../../parts/card.js';
import { PageTitle } from '../../parts/page-title.js';
import { RestoredMark } from '../../parts/restored-mark.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { useMayAct, useSession } from '../../store/context.js';
import type { NodeRecord } from '../../store/node-record.js';
import { useSlowTopic, useTopic } from '../../store/topic.js';
import { Explain } from './explain.js';
import { ForgetNode } from './forget-node.js';
import { NodeFacts, StatusHistory } from './node-facts.js';
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
      <PageTitle title={isLoading ? 'Node' : 'No such node'} />
      <p class="placeholder">
        {isLoading ? 'Loading…' : `No node with the address ${describeAddress(address)} is known.`}{' '}
        <a href="#/nodes">All nodes</a>
      </p>
    </div>
  );
}

function describeAddress(address: number): string {
  return Number.isInteger(address) ? formatAddress(address) : 'given';
}

function KnownNode({ record }: { readonly record: NodeRecord }) {
  const { store } = useSession();
  useTopic(record.topic);
  const mayAct = useMayAct();
  const { address, name, status, lastHeardAt } = record.info;
  return (
    <div class="page">
      <nav class="crumbs" aria-label="Way back">
        <a href="#/nodes">Nodes</a> <span aria-hidden="true">/</span> {name}
      </nav>
      <PageTitle title={name}>
        <span class="mono muted">{formatAddress(address)}</span>
        <StatusBadge status={store.statusOf(record.info)} />
        <RestoredMark isRestored={record.info.restored} />
        <span class="figure muted">
          heard <Age at={lastHeardAt} suffix={lastHeardAt === null ? '' : ' ago'} />
        </span>
        <a href={`#/map?node=${address}`}>On the map</a>
        <a href={`#/topology?node=${address}`}>In the topology</a>
        {mayAct && <ForgetNode address={address} name={name} />}
      </PageTitle>
      <div class="node-columns">
        <div class="column">
          <NodeFacts record={record} />
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
