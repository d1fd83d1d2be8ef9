import { useMemo } from 'preact/hooks';
import type { NodeInfo, PathInfo } from '../../api/shapes.js';
import { formatCount } from '../format.js';
import { useChartStyle } from './charts-style.js';
import { StatusLegend, StatusMark } from './status-look.js';
import { type Layout, layOut, MAX_DRAWN, type PlacedAddress } from './topology-layout.js';

export interface TopologyProps {
  readonly nodes: readonly NodeInfo[];
  readonly paths: readonly PathInfo[];
  readonly selected?: number | undefined;
  onSelect(address: number): void;
}

/** Unconnected nodes listed at most. */
const MAX_UNCONNECTED = 100;

/** The root and the nodes as a graph of the paths reported by the root. */
export function Topology({ nodes, paths, selected, onSelect }: TopologyProps) {
  useChartStyle();
  const byAddress = useMemo(() => new Map(nodes.map((node) => [node.address, node])), [nodes]);
  const layout = useMemo(() => layOut(nodes, paths), [nodes, paths]);
  const select = { selected, onSelect, byAddress };
  return (
    <div class="chart">
      <p class="chart-note">{describeLayout(paths.length, layout)}</p>
      {layout.layers.length > 0 && (
        <>
          <StatusLegend />
          <Graph layout={layout} {...select} />
        </>
      )}
      {layout.unconnected.length > 0 && <Unconnected addresses={layout.unconnected} {...select} />}
    </div>
  );
}

function describeLayout(paths: number, { omitted }: Layout): string {
  if (paths === 0) {
    return 'The root has reported no paths, so the topology is unknown. Newer firmware reports paths on request, once some are in use.';
  }
  const shown = `${formatCount(paths, 'path')} reported by the root, each drawn as a line.`;
  if (omitted === 0) return shown;
  return `${shown} Only the ${MAX_DRAWN} nodes nearest to the root are drawn; ${omitted} are omitted.`;
}

interface Selection {
  readonly byAddress: ReadonlyMap<number, NodeInfo>;
  readonly selected: number | undefined;
  onSelect(address: number): void;
}

function Graph({ layout, ...select }: { layout: Layout } & Selection) {
  const { width, height, root, layers, edges } = layout;
  return (
    <section class="topology" aria-label="Paths of the mesh">
      <div class="topology-plane" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          {edges.map(({ key, from, to }) => (
            <line key={key} class="topology-edge" x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
          ))}
          <rect x={root.x - 10} y={root.y - 10} width="20" height="20" rx="3" fill="var(--chart-1)" />
        </svg>
        <p class="topology-title" style={{ left: `${root.x + 16}px`, top: `${root.y - 9}px` }}>
          Root
        </p>
        {layers.map(({ title, y, members }) => (
          <div key={title}>
            <p class="topology-title" style={{ left: '8px', top: `${y - 16}px` }}>
              {title}
            </p>
            {members.map((member) => (
              <NodeMark key={member.address} at={member} {...select} />
            ))}
          </div>
        ))}
      </div>
    </section>
  );
}

function NodeMark({ at, byAddress, selected, onSelect }: { at: PlacedAddress } & Selection) {
  const { address, x, y } = at;
  const node = byAddress.get(address);
  const status = node?.status ?? 'unknown';
  const name = nameOf(address, node);
  return (
    <button
      type="button"
      class="topology-node"
      style={{ left: `${x}px`, top: `${y}px` }}
      title={name}
      aria-label={`${name}, ${status}`}
      aria-pressed={address === selected}
      onClick={() => onSelect(address)}
    >
      <svg width="22" height="22" viewBox="-11 -11 22 22" aria-hidden="true">
        <circle r="10" fill="var(--chart-surface)" />
        <StatusMark status={status} />
      </svg>
      <span>{name}</span>
    </button>
  );
}

/** Nodes that are not in any reported path. */
function Unconnected({
  addresses,
  byAddress,
  selected,
  onSelect,
}: { addresses: readonly number[] } & Selection) {
  const listed = addresses.slice(0, MAX_UNCONNECTED);
  const more = addresses.length - listed.length;
  return (
    <section aria-label="Nodes without reported paths">
      <p class="chart-note">
        Nodes without reported paths ({addresses.length}
        {more > 0 ? `; first ${MAX_UNCONNECTED} listed` : ''}):
      </p>
      <ul class="map-nodes">
        {listed.map((address) => (
          <li key={address}>
            <button type="button" aria-pressed={address === selected} onClick={() => onSelect(address)}>
              {nameOf(address, byAddress.get(address))}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function nameOf(address: number, node: NodeInfo | undefined): string {
  return node?.name ?? `0x${address.toString(16).padStart(4, '0')}`;
}
