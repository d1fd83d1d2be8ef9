import { useState } from 'preact/hooks';
import { Card } from '../parts/card.js';
import { usePolled } from '../store/use-polled.js';

/** All counters of the gateway; zeros are hidden by default. */
export function Counters() {
  const counters = usePolled('counters');
  const [showsAll, setShowsAll] = useState(false);
  const rows = flatten(counters).filter(([, count]) => showsAll || count !== 0);
  const zerosCheckbox = (
    <label class="check">
      <input
        type="checkbox"
        checked={showsAll}
        onChange={({ currentTarget }) => setShowsAll(currentTarget.checked)}
      />
      Show zeros
    </label>
  );
  return (
    <Card title="Counters" controls={zerosCheckbox}>
      <table class="plain" aria-label="Counters">
        <thead>
          <tr>
            <th scope="col">Counter</th>
            <th scope="col" class="number">
              Count
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, count]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="figure number">{count.toLocaleString()}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

/** `uart · received · bytes`: a row for each number. */
function flatten(counters: unknown, path: readonly string[] = []): [string, number][] {
  if (typeof counters === 'number') return [[path.join(' · '), counters]];
  if (typeof counters !== 'object' || counters === null) return [];
  return Object.entries(counters).flatMap(([name, value]) => flatten(value, [...path, name]));
}
