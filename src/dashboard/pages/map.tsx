import { useMemo } from 'preact/hooks';
import type { NodeInfo } from '../../api/shapes.js';
import { useMapSettings } from '../charts/map-settings.js';
import { lazyPart } from '../parts/lazy.js';
import { PageTitle } from '../parts/page-title.js';
import { RefreshButton } from '../parts/refresh-button.js';
import { SelectedNode } from '../parts/selected-node.js';
import { setQuery } from '../router.js';
import { useSession } from '../store/context.js';
import type { TrailPoint } from '../store/node-record.js';
import type { Store } from '../store/store.js';
import { useSlowTopic, useTopic } from '../store/topic.js';

const MeshMap = lazyPart(() => import('../charts/mesh-map.js').then(({ MeshMap }) => MeshMap), 'map');

/** Marks are updated at most this often. */
const UPDATE_EVERY_MS = 1000;

export function MapPage({ query }: { readonly query: URLSearchParams }) {
  const { store } = useSession();
  const nodesAndTrails = useNodes(store);
  useTopic(store.topics.paths);
  const selected = readNode(query);
  const settings = useMapSettings();
  return (
    <div class="page">
      <PageTitle title="Map">
        <RefreshButton what="paths" onOpen={store.paths.length === 0} />
        <SelectedNode address={selected} />
      </PageTitle>
      <MeshMap
        {...nodesAndTrails}
        paths={store.paths}
        settings={settings}
        {...(selected !== undefined && { selected })}
        onSelect={selectNode}
      />
    </div>
  );
}

interface NodesAndTrails {
  readonly nodes: readonly NodeInfo[];
  readonly trails: ReadonlyMap<number, readonly TrailPoint[]>;
}

/** The nodes with their displayed status, and their recent positions. */
export function useNodes(store: Store): NodesAndTrails {
  const version = useSlowTopic(store.topics.nodes, UPDATE_EVERY_MS);
  const linkVersion = useTopic(store.topics.link);
  return useMemo(() => {
    const records = [...store.nodes.values()].sort((a, b) => a.info.address - b.info.address);
    return {
      nodes: records.map(({ info }) => ({ ...info, status: store.statusOf(info) })),
      trails: new Map(records.map((record) => [record.info.address, record.trail()])),
    };
  }, [store, version, linkVersion]);
}

export function readNode(query: URLSearchParams): number | undefined {
  const node = query.get('node');
  return node === null ? undefined : Number(node);
}

export function selectNode(address: number): void {
  setQuery('node', String(address));
}
