import { useRef, useState } from 'preact/hooks';
import type { PlotSeries } from '../../charts/plot-data.js';
import { isNamedAfterType } from '../../format.js';
import { Card } from '../../parts/card.js';
import { lazyPart } from '../../parts/lazy.js';
import { formatBucket } from './field-lines.js';
import { type FieldSeries, type SeriesOwner, useSeries } from './use-series.js';

const Plot = lazyPart(() => import('../../charts/plot.js').then(({ Plot }) => Plot), 'plot');

const HOUR_MS = 3_600_000;
const PERIODS = [
  ['1 h', HOUR_MS],
  ['6 h', 6 * HOUR_MS],
  ['24 h', 24 * HOUR_MS],
  ['7 d', 168 * HOUR_MS],
  ['30 d', 720 * HOUR_MS],
] as const;
const PLOT_HEIGHT = 170;
/** Width of a plot in pixels: if it can't be measured, and the minimum. */
const DEFAULT_WIDTH = 600;
const MIN_WIDTH = 200;

export function NodePlots({ record }: { readonly record: SeriesOwner }) {
  const [period, setPeriod] = useState(0);
  const holder = useRef<HTMLDivElement>(null);
  const widthOf = () => Math.max(MIN_WIDTH, holder.current?.clientWidth ?? DEFAULT_WIDTH);
  const { series, isLoading, failure } = useSeries(record, PERIODS[period]?.[1] ?? HOUR_MS, widthOf);
  const periodSelect = (
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
    <Card title="Values over time" controls={periodSelect}>
      <div ref={holder}>
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        {series.map((one) => (
          <FieldPlot key={one.key} series={one} />
        ))}
        {isLoading && <p class="placeholder">Loading…</p>}
        {series.length === 0 && !isLoading && !failure && (
          <p class="placeholder">No values in this period.</p>
        )}
      </div>
    </Card>
  );
}

function FieldPlot({ series }: { readonly series: FieldSeries }) {
  const { type, field, bucketMs } = series;
  const hasOwnName = !isNamedAfterType(field, type);
  const name = hasOwnName ? `${type} ${field}` : type;
  return (
    <section class="plot-section" aria-label={name}>
      <h3>
        {type} {hasOwnName && <span class="muted">{field}</span>}
      </h3>
      <Plot label={`${name} over time`} series={[toPlot(series)]} live height={PLOT_HEIGHT} />
      {bucketMs !== undefined && (
        <p class="muted plot-note">Line: mean of each {formatBucket(bucketMs)}; band: minimum to maximum.</p>
      )}
    </section>
  );
}

function toPlot(series: FieldSeries): PlotSeries {
  const { field, unit, latest } = series;
  const facts = { name: field, latest, ...(unit !== undefined && { unit }) };
  return series.bucketMs === undefined
    ? { ...facts, points: series.points }
    : { ...facts, hasBand: true, points: series.points };
}
