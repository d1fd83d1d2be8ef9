import { lazyPart } from '../parts/lazy.js';
import { PageTitle } from '../parts/page-title.js';
import { RefreshButton } from '../parts/refresh-button.js';
import { SelectedNode } from '../parts/selected-node.js';
import { useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';
import { readNode, selectNode, useNodes } from './map.js';

const Topology = lazyPart(() => import('../charts/topology.js').then(({ Topology }) => Topology), 'topology');

export function TopologyPage({ query }: { readonly query: URLSearchParams }) {
  const { store } = useSession();
  const { nodes } = useNodes(store);
  useTopic(store.topics.paths);
  const selected = readNode(query);
  return (
    <div class="page">
      <PageTitle title="Topology">
        <RefreshButton what="paths" onOpen={store.paths.length === 0} />
        <SelectedNode address={selected} />
      </PageTitle>
      <Topology
        nodes={nodes}
        paths={store.paths}
        {...(selected !== undefined && { selected })}
        onSelect={selectNode}
      />
    </div>
  );
}
