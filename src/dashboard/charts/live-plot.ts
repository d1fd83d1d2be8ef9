import UPlot, { type Axis, type Band, type Options, type Series } from 'uplot';
import uplotCss from 'uplot/dist/uPlot.min.css' with { type: 'text' };
import { alignNumber, decimalsOf } from '../../base/number-text.js';
import { spacedOffset, unitSign } from '../format.js';
import { colourOf } from './colours.js';
import { installStyle } from './install-style.js';
import { alignSeries, type PlotSeries, unitsOf } from './plot-data.js';

export const SERIES_COLOURS = ['--chart-1', '--chart-2', '--chart-3', '--chart-4', '--chart-5', '--chart-6'];
/** Dashes, in pixels: they distinguish lines without colour. */
export const SERIES_DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [12, 3, 2, 3]];

/** Width of an axis in pixels: a margin, and each digit. */
const AXIS_MARGIN = 18;
const DIGIT = 7.2;
/** Share of the height left free above and below the lines. */
const PADDING = 0.08;
/** Minimum distance of time labels in pixels, so that `11:34:50` does not touch its neighbours. */
const TIME_SPACE = 72;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const BAND_OPACITY = 0.3;
const LEFT = 3;
const RIGHT = 1;
/** Time range shown for a single point. */
const SINGLE_POINT_MS = 60_000;

/** A uPlot that follows the newest values until the user zooms in. */
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

  /** Shows the full time range, and follows the newest values again. */
  reset(): void {
    this.#isZoomed = false;
    this.#plot.setData(this.#plot.data, true);
  }

  /** Zooms about the middle: 0.5 shows half of the time range, 2 twice as much. */
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
      ...Object.fromEntries(units.map((unit) => [scaleOf(unit), { range: padRange }])),
    },
    series: [{}, ...series.flatMap(describeSeries)],
    bands: describeBands(series),
    axes: [
      {
        ...axisStyle(),
        space: TIME_SPACE,
        values: (_plot, times, _axis, _space, step) => formatTimes(times, step),
      },
      ...units.map(describeAxis),
    ],
  };
}

function widen(min: number, max: number): [number, number] {
  return min === max ? [min - SINGLE_POINT_MS / 2, max + SINGLE_POINT_MS / 2] : [min, max];
}

/** A constant line is in the middle. */
function padRange(_plot: UPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const padding = min === max ? Math.abs(min) / 1000 || 1 : (max - min) * PADDING;
  return [min - padding, max + padding];
}

/** Local time, as precise as the step between labels requires. */
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

/** The line, and the edges of its band if it has one: see `alignSeries`. */
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
  return hasBand ? [line, { ...edge, label: `${name}, max` }, { ...edge, label: `${name}, min` }] : [line];
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
  const label = unit === '' ? {} : { label: unitSign(unit), labelSize: 18 };
  const size = (_plot: UPlot, values: readonly string[] | null) =>
    AXIS_MARGIN + DIGIT * Math.max(3, ...(values ?? []).map((value) => value?.length ?? 0));
  return {
    ...axisStyle(),
    ...label,
    size,
    values: (_plot, values, _axis, _space, step) => formatTicks(values, step),
    scale: scaleOf(unit),
    side,
    grid: { ...gridStyle, show: index === 0 },
  };
}

/** With the decimals of the step between ticks, so that neighbours differ. */
function formatTicks(values: readonly number[], step: number): string[] {
  return values.map((value) => alignNumber(value, decimalsOf(step)));
}

const gridStyle = { stroke: () => colourOf('--chart-grid'), width: 1 };

function axisStyle(): Axis {
  return { stroke: () => colourOf('--chart-text'), grid: gridStyle, ticks: gridStyle };
}

function scaleOf(unit: string): string {
  return `unit ${unit}`;
}
