import { useChartStyle } from './charts-style.js';

const WIDTH = 72;
const HEIGHT = 20;
const MARGIN = 2;

/** A sparkline of the latest values, of fixed size. */
export function TrendLine({ points, label }: { points: readonly number[]; label: string }) {
  useChartStyle();
  return (
    <svg
      class="trend-line"
      role="img"
      aria-label={label}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
    >
      <path
        d={linePath(points.filter(Number.isFinite))}
        fill="none"
        stroke="var(--chart-1)"
        stroke-width="1.5"
      />
    </svg>
  );
}

function linePath(values: readonly number[]): string {
  const [first] = values;
  if (first === undefined) return '';
  const lowest = values.reduce((a, b) => Math.min(a, b), first);
  const range = values.reduce((a, b) => Math.max(a, b), first) - lowest;
  const step = (WIDTH - 2 * MARGIN) / Math.max(1, values.length - 1);
  const yOf = (value: number) =>
    range === 0 ? HEIGHT / 2 : HEIGHT - MARGIN - ((value - lowest) / range) * (HEIGHT - 2 * MARGIN);
  const corners = values.map((value, index) => `${round(MARGIN + index * step)} ${round(yOf(value))}`);
  return values.length === 1 ? `M${corners[0]}h${WIDTH - 2 * MARGIN}` : `M${corners.join('L')}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
