import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { formatField } from '../format.js';
import { useChartStyle } from './charts-style.js';
import { watchColours } from './colours.js';
import { LivePlot, SERIES_COLOURS, SERIES_DASHES } from './live-plot.js';
import { extentOf, type PlotSeries } from './plot-data.js';

export interface PlotProps {
  readonly series: readonly PlotSeries[];
  /** New values are added as they arrive. */
  readonly live: boolean;
  /** px. */
  readonly height?: number;
  readonly label: string;
}

/** Values over time, with an axis for each unit. Dragging zooms in; a double click or the button resets. */
export function Plot({ series, live, height = 240, label }: PlotProps) {
  useChartStyle();
  const plot = useRef<LivePlot | undefined>(undefined);
  const isEmpty = series.every(({ points }) => points.length === 0);
  return (
    <figure class="chart plot" aria-label={label}>
      <div class="chart-bar">
        <button type="button" onClick={() => plot.current?.zoom(0.5)}>
          Zoom in
        </button>
        <button type="button" onClick={() => plot.current?.zoom(2)}>
          Zoom out
        </button>
        <button type="button" onClick={() => plot.current?.reset()}>
          {live ? 'Back to live' : 'Show all'}
        </button>
      </div>
      <div class="plot-canvas" style={{ height: `${height}px` }}>
        <Lines key={linesOf(series)} series={series} height={height} plot={plot} />
        {isEmpty && <p class="plot-empty">No values yet.</p>}
      </div>
      <ul class="plot-values" aria-label={`${label}: values`}>
        {series.map((one, index) => (
          <Values key={one.name} series={one} index={index} />
        ))}
      </ul>
    </figure>
  );
}

/** A plot is recreated only when it has different lines. */
function linesOf(series: readonly PlotSeries[]): string {
  return JSON.stringify(series.map(({ name, unit, hasBand }) => [name, unit, hasBand]));
}

interface LinesProps {
  readonly series: readonly PlotSeries[];
  readonly height: number;
  readonly plot: { current: LivePlot | undefined };
}

function Lines({ series, height, plot }: LinesProps) {
  const holder = useRef<HTMLDivElement>(null);
  const latest = useRef(series);
  latest.current = series;
  useLayoutEffect(() => {
    const element = holder.current;
    if (!element) return undefined;
    const made = new LivePlot(element, latest.current, height);
    plot.current = made;
    const observer = new ResizeObserver(() => made.resize(element.clientWidth || 1, height));
    observer.observe(element);
    const unwatch = watchColours(() => made.update(latest.current));
    return () => {
      observer.disconnect();
      unwatch();
      made.destroy();
      plot.current = undefined;
    };
  }, [height, plot]);
  useEffect(() => plot.current?.update(series), [series, plot]);
  return <div ref={holder} aria-hidden="true" />;
}

/** The values as text, for users who can't see the lines. */
function Values({ series, index }: { series: PlotSeries; index: number }) {
  const { name, unit } = series;
  const extent = extentOf(series);
  const colour = SERIES_COLOURS[index % SERIES_COLOURS.length];
  const dashes = SERIES_DASHES[index % SERIES_DASHES.length]?.join(' ');
  return (
    <li>
      <svg width="26" height="8" aria-hidden="true">
        <line x2="26" y1="4" y2="4" stroke={`var(${colour})`} stroke-width="2" stroke-dasharray={dashes} />
      </svg>{' '}
      {extent
        ? `${name}: ${formatField(extent.latest, unit)} (min ${formatField(extent.min)}, max ${formatField(extent.max)})`
        : `${name}: no values`}
    </li>
  );
}
