import { useState } from 'preact/hooks';
import { formatPlace, type PlacedNode } from './places.js';
import { STATUS_LOOKS } from './status-look.js';

/** More would make the page slow; typing narrows them. */
const MAX_LISTED = 100;

interface MapNodeListProps {
  readonly nodes: readonly PlacedNode[];
  readonly selected: number | undefined;
  onSelect(node: PlacedNode): void;
}

/** The map's nodes for those who use no pointer. */
export function MapNodeList({ nodes, selected, onSelect }: MapNodeListProps) {
  const [wanted, setWanted] = useState('');
  const found = nodes.filter(({ node }) => node.name.toLowerCase().includes(wanted.trim().toLowerCase()));
  const listed = found.slice(0, MAX_LISTED);
  return (
    <section aria-label="Nodes on the map">
      <div class="chart-bar">
        <label>
          Nodes on the map:{' '}
          <input
            type="search"
            value={wanted}
            placeholder="part of a name"
            onInput={({ currentTarget }) => setWanted(currentTarget.value)}
          />
        </label>
        {found.length > listed.length && (
          <span>
            {listed.length} of {found.length} are listed; type to narrow them
          </span>
        )}
      </div>
      <ul class="map-nodes">
        {listed.map((placed) => (
          <li key={placed.node.address}>
            <button
              type="button"
              aria-pressed={placed.node.address === selected}
              title={formatPlace(placed)}
              onClick={() => onSelect(placed)}
            >
              {placed.node.name} ({STATUS_LOOKS[placed.node.status].text})
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
