import { useState } from 'preact/hooks';
import { Card } from '../../parts/card.js';
import { lazyPart } from '../../parts/lazy.js';
import type { NodeRecord } from '../../store/node-record.js';
import { useSeries } from './use-series.js';

const Plot = lazyPart(() => import('../../charts/plot.js').then(({ Plot }) => Plot), 'plot');

const MINUTE_MS = 60_000;
const PERIODS = [
  ['15 min', 15 * MINUTE_MS],
  ['1 h', 60 * MINUTE_MS],
  ['6 h', 360 * MINUTE_MS],
  ['24 h', 1440 * MINUTE_MS],
  ['all', Number.POSITIVE_INFINITY],
] as const;
const FIRST_PERIOD = 1;
const PLOT_HEIGHT = 170;

export function NodePlots({ record }: { readonly record: NodeRecord }) {
  const [period, setPeriod] = useState(FIRST_PERIOD);
  const series = useSeries(record, PERIODS[period]?.[1] ?? Number.POSITIVE_INFINITY);
  const choice = (
    <label class="inline-field">
      <span>Period</span>
      <select value={period} onChange={({ currentTarget }) => setPeriod(Number(currentTarget.value))}>
        {PERIODS.map(([name], index) => (
          <option key={name} value={index}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <Card title="Values over time" controls={choice}>
      {!series && <p class="placeholder">Loading…</p>}
      {series?.length === 0 && <p class="placeholder">There are no values of this period.</p>}
      {series?.map(({ key, type, field, unit, points }) => (
        <section key={key} class="plot-section" aria-label={`${type} ${field}`}>
          <h3>
            {type} <span class="muted">{field}</span>
          </h3>
          <Plot
            label={`${type} ${field} over time`}
            series={[{ name: field, points, ...(unit !== undefined && { unit }) }]}
            live
            height={PLOT_HEIGHT}
          />
        </section>
      ))}
    </Card>
  );
}
