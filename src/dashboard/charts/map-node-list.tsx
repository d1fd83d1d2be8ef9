import { useState } from 'preact/hooks';
import { formatPosition, type LocatedNode } from './positions.js';

/** More would make the page slow; the filter finds the others. */
const MAX_LISTED = 100;

interface MapNodeListProps {
  readonly nodes: readonly LocatedNode[];
  readonly selected: number | undefined;
  onSelect(node: LocatedNode): void;
}

/** The nodes on the map as buttons, for users without a pointer. */
export function MapNodeList({ nodes, selected, onSelect }: MapNodeListProps) {
  const [filter, setFilter] = useState('');
  const found = nodes.filter(({ node }) => node.name.toLowerCase().includes(filter.trim().toLowerCase()));
  const listed = found.slice(0, MAX_LISTED);
  return (
    <section aria-label="Nodes on the map">
      <div class="chart-bar">
        <label>
          Nodes on the map:{' '}
          <input
            type="search"
            value={filter}
            placeholder="Filter by name"
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </label>
        {found.length > listed.length && (
          <span>
            Showing {listed.length} of {found.length}; filter to see others
          </span>
        )}
      </div>
      <ul class="map-nodes">
        {listed.map((located) => (
          <li key={located.node.address}>
            <button
              type="button"
              aria-pressed={located.node.address === selected}
              title={formatPosition(located)}
              onClick={() => onSelect(located)}
            >
              {located.node.name} ({located.node.status})
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
