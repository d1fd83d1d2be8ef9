import UPlot, { type Axis, type Band, type Options, type Series } from 'uplot';
import uplotCss from 'uplot/dist/uPlot.min.css' with { type: 'text' };
import { spacedOffset } from '../format.js';
import { colourOf } from './colours.js';
import { installStyle } from './install-style.js';
import { alignSeries, type PlotSeries, unitsOf } from './plot-data.js';

export const SERIES_COLOURS = ['--chart-1', '--chart-2', '--chart-3', '--chart-4', '--chart-5', '--chart-6'];
/** The second cue beside colour: dashes, in pixels. */
export const SERIES_DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [12, 3, 2, 3]];

/** What an axis needs beside its numbers, and for each digit, in pixels. */
const AXIS_MARGIN = 18;
const DIGIT = 7.2;
/** Share of the height that stays free above and below the lines. */
const FREE = 0.08;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const BAND_OPACITY = 0.3;
const LEFT = 3;
const RIGHT = 1;
/** What is shown of a single moment: the time around it. */
const SINGLE_MOMENT_MS = 60_000;

/** A uPlot that follows the newest values until somebody zooms in. */
export class LivePlot {
  readonly #plot: UPlot;
  #isZoomed = false;

  constructor(holder: HTMLElement, series: readonly PlotSeries[], height: number) {
    installStyle('uplot', uplotCss);
    const size = { width: holder.clientWidth || 1, height };
    const options = { ...plotOptions(series), ...size, hooks: { setSelect: [() => this.#onSelect()] } };
    options.cursor = { bind: { dblclick: () => () => this.#onDoubleClick() } };
    this.#plot = new UPlot(options, alignSeries(series), holder);
  }

  update(series: readonly PlotSeries[]): void {
    this.#plot.setData(alignSeries(series), !this.#isZoomed);
    if (this.#isZoomed) this.#plot.redraw();
  }

  resize(width: number, height: number): void {
    this.#plot.setSize({ width, height });
  }

  /** Shows all, and follows the newest values again. */
  reset(): void {
    this.#isZoomed = false;
    this.#plot.setData(this.#plot.data, true);
  }

  /** Zooms about the middle: 0.5 shows half of the time, 2 twice as much. */
  zoom(factor: number): void {
    const { min, max } = this.#plot.scales.x ?? {};
    if (min === undefined || max === undefined) return;
    const middle = (min + max) / 2;
    const half = ((max - min) / 2) * factor;
    this.#isZoomed = true;
    this.#plot.setScale('x', { min: middle - half, max: middle + half });
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #onSelect(): void {
    if (this.#plot.select.width > 0) this.#isZoomed = true;
  }

  #onDoubleClick(): null {
    this.reset();
    return null;
  }
}

function plotOptions(series: readonly PlotSeries[]): Omit<Options, 'width' | 'height'> {
  const units = unitsOf(series);
  return {
    ms: 1,
    legend: { show: false },
    scales: {
      x: { time: true, range: (_plot, min, max) => widen(min, max) },
      ...Object.fromEntries(units.map((unit) => [scaleOf(unit), { range: freeAround }])),
    },
    series: [{}, ...series.flatMap(describeSeries)],
    bands: describeBands(series),
    axes: [
      { ...lookOfAxis(), values: (_plot, times, _axis, _space, step) => formatTimes(times, step) },
      ...units.map(describeAxis),
    ],
  };
}

function widen(min: number, max: number): [number, number] {
  return min === max ? [min - SINGLE_MOMENT_MS / 2, max + SINGLE_MOMENT_MS / 2] : [min, max];
}

/** A line that does not change lies in the middle. */
function freeAround(_plot: UPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const free = min === max ? Math.abs(min) / 1000 || 1 : (max - min) * FREE;
  return [min - free, max + free];
}

/** In local time; no finer than the step from one to the next. */
function formatTimes(times: readonly number[], stepMs: number): string[] {
  const options: Intl.DateTimeFormatOptions =
    stepMs >= DAY_MS
      ? { month: 'short', day: 'numeric' }
      : {
          hour: '2-digit',
          minute: '2-digit',
          hourCycle: 'h23',
          ...(stepMs < MINUTE_MS && { second: '2-digit' }),
        };
  const format = new Intl.DateTimeFormat(undefined, options);
  const offsetOf = stepMs >= DAY_MS ? () => '' : spacedOffset;
  return times.map((time) => format.format(time) + offsetOf(time));
}

/** The line, and the edges of its band where it has one: see `alignSeries`. */
function describeSeries(series: PlotSeries, index: number): Series[] {
  const { name, unit = '', points, hasBand = false } = series;
  const edge = { scale: scaleOf(unit), width: 0, points: { show: false }, spanGaps: false };
  const line = {
    label: name,
    scale: scaleOf(unit),
    stroke: () => colourOfSeries(index),
    dash: [...(SERIES_DASHES[index % SERIES_DASHES.length] ?? [])],
    width: 1.5,
    spanGaps: !hasBand,
    points: points.length === 1 ? { show: true } : {},
  };
  return hasBand ? [line, { ...edge, label: `${name}, most` }, { ...edge, label: `${name}, least` }] : [line];
}

function describeBands(series: readonly PlotSeries[]): Band[] {
  const bands: Band[] = [];
  let line = 1;
  for (const [index, { hasBand }] of series.entries()) {
    if (hasBand) bands.push({ series: [line + 1, line + 2], fill: () => faint(colourOfSeries(index)) });
    line += hasBand ? 3 : 1;
  }
  return bands;
}

function colourOfSeries(index: number): string {
  return colourOf(SERIES_COLOURS[index % SERIES_COLOURS.length] ?? '');
}

/** `colour`: `rgb(…)`. */
function faint(colour: string): string {
  return colour.replace('rgb(', 'rgba(').replace(')', `, ${BAND_OPACITY})`);
}

function describeAxis(unit: string, index: number): Axis {
  const side = index === 0 ? LEFT : RIGHT;
  const label = unit === '' ? {} : { label: unit, labelSize: 18 };
  const size = (_plot: UPlot, values: readonly string[] | null) =>
    AXIS_MARGIN + DIGIT * Math.max(3, ...(values ?? []).map((value) => value?.length ?? 0));
  return {
    ...lookOfAxis(),
    ...label,
    size,
    scale: scaleOf(unit),
    side,
    grid: { ...gridLook, show: index === 0 },
  };
}

const gridLook = { stroke: () => colourOf('--chart-grid'), width: 1 };

function lookOfAxis(): Axis {
  return { stroke: () => colourOf('--chart-text'), grid: gridLook, ticks: gridLook };
}

function scaleOf(unit: string): string {
  return `unit ${unit}`;
}
