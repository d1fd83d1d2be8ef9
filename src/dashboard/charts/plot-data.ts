import type { AlignedData } from 'uplot';

/** `value` is NaN where the line is interrupted. */
export interface PlotPoint {
  readonly at: number;
  readonly value: number;
}

/** Many values combined: `value` is their mean. */
export interface BandPoint extends PlotPoint {
  readonly min: number;
  readonly max: number;
}

interface SeriesFacts {
  readonly name: string;
  readonly unit?: string;
  /** The newest value, if it differs from that of the last point. */
  readonly latest?: number | undefined;
}

export type PlotSeries = SeriesFacts &
  (
    | { readonly hasBand?: false; readonly points: readonly PlotPoint[] }
    | { readonly hasBand: true; readonly points: readonly BandPoint[] }
  );

export interface Extent {
  readonly latest: number;
  readonly min: number;
  readonly max: number;
}

/** All lines on a common time axis; null where a line has no value. A series with a band has three lines: mean, max, min. */
export function alignSeries(series: readonly PlotSeries[]): AlignedData {
  const lines = series.flatMap(linesOf);
  const rows = new Map<number, (number | null)[]>();
  for (const [index, line] of lines.entries()) {
    for (const { at, value } of line) {
      const row = rows.get(at) ?? Array.from<null>({ length: lines.length }).fill(null);
      row[index] = Number.isFinite(value) ? value : null;
      rows.set(at, row);
    }
  }
  const times = [...rows.keys()].sort((a, b) => a - b);
  return [times, ...lines.map((_, index) => times.map((at) => rows.get(at)?.[index] ?? null))];
}

function linesOf(series: PlotSeries): (readonly PlotPoint[])[] {
  if (!series.hasBand) return [series.points];
  const { points } = series;
  return [
    points,
    points.map(({ at, max }) => ({ at, value: max })),
    points.map(({ at, min }) => ({ at, value: min })),
  ];
}

/** Undefined for a series without values. */
export function extentOf(series: PlotSeries): Extent | undefined {
  const last = series.points.at(-1);
  if (!last) return undefined;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const point of series.points) {
    const [lowest, highest] = rangeOf(point);
    if (lowest < min) min = lowest;
    if (highest > max) max = highest;
  }
  return { latest: series.latest ?? last.value, min, max };
}

function rangeOf(point: PlotPoint | BandPoint): readonly [number, number] {
  return 'min' in point ? [point.min, point.max] : [point.value, point.value];
}

/** The distinct units of these series; each has an axis. */
export function unitsOf(series: readonly PlotSeries[]): string[] {
  return [...new Set(series.map(({ unit }) => unit ?? ''))];
}
