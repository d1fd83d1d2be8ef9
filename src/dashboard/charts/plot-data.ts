import type { AlignedData } from 'uplot';

export interface PlotSeries {
  readonly name: string;
  readonly unit?: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

export interface Extent {
  readonly latest: number;
  readonly min: number;
  readonly max: number;
}

/** All series on one row of times; null where a series has no value. */
export function alignSeries(series: readonly PlotSeries[]): AlignedData {
  const rows = new Map<number, (number | null)[]>();
  for (const [index, { points }] of series.entries()) {
    for (const { at, value } of points) {
      const row = rows.get(at) ?? Array.from<null>({ length: series.length }).fill(null);
      row[index] = Number.isFinite(value) ? value : null;
      rows.set(at, row);
    }
  }
  const times = [...rows.keys()].sort((a, b) => a - b);
  return [times, ...series.map((_, index) => times.map((at) => rows.get(at)?.[index] ?? null))];
}

/** Undefined for a series without values. */
export function extentOf({ points }: PlotSeries): Extent | undefined {
  const last = points.at(-1);
  if (!last) return undefined;
  let { value: min, value: max } = last;
  for (const { value } of points) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { latest: last.value, min, max };
}

/** The units of these series, each once; an axis is drawn for each. */
export function unitsOf(series: readonly PlotSeries[]): string[] {
  return [...new Set(series.map(({ unit }) => unit ?? ''))];
}

export function formatValue(value: number, unit?: string): string {
  const rounded = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return unit ? `${rounded} ${unit}` : rounded;
}
