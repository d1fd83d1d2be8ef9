import { cleanText } from '../../base/clean-text.js';
import { type Colour, paint, type Terminal } from './terminal.js';
import { pad, shorten, widthOf } from './text-width.js';
import { wrap } from './wrap.js';

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly colour?: (row: Row) => Colour | undefined;
  readonly align?: 'left' | 'right';
  /** May be shortened on a narrow terminal; optional columns are dropped before it gets narrower than this. */
  readonly flexible?: number;
  /** Dropped on a narrow terminal; the highest number first. */
  readonly optional?: number;
}

const SPACE = '  ';
/** A column that is shortened to less is useless. */
const MIN_FLEXIBLE_WIDTH = 12;
/** A terminal too narrow for this wraps the lines. */
const MIN_WIDTH = 4;

interface Measured<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

/** Aligned columns with titles, fitted to the terminal; every line ends in a newline. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminal: Terminal,
): string {
  const measured = fitInto(
    columns.map((column) => measure(column, rows)),
    terminal.columns,
  );
  const titles = measured.map(({ column, width }) => paddedTitle(column, width));
  const head = paint(titles.join(SPACE).trimEnd(), 'bold', terminal);
  const lines = rows.map((row, index) => formatRow(measured, row, index, terminal));
  return `${[head, ...lines].join('\n')}\n`;
}

function measure<Row>(column: Column<Row>, rows: readonly Row[]): Measured<Row> {
  const cells = rows.map((row) => cleanText(column.text(row)));
  const width = cells.reduce((max, cell) => Math.max(max, widthOf(cell)), widthOf(column.title));
  return { column, cells, width };
}

/** Gives the flexible column the remaining width; drops optional columns before it becomes too narrow. */
function fitInto<Row>(
  measured: readonly Measured<Row>[],
  limit: number | undefined,
): readonly Measured<Row>[] {
  if (limit === undefined || totalOf(measured) <= limit) return measured;
  const flexible = measured.find(({ column }) => column.flexible !== undefined);
  const left = limit - totalOf(measured) + (flexible?.width ?? 0);
  const victim = mostOptional(measured);
  if (victim && left < Math.min(flexible?.width ?? 0, flexible?.column.flexible ?? 0)) return without(victim);
  if (victim && totalOf(measured) - victim.width - SPACE.length <= limit) return without(victim);
  const width = Math.max(MIN_FLEXIBLE_WIDTH, left);
  return squeeze(
    measured.map((entry) => (entry === flexible ? { ...entry, width } : entry)),
    limit,
  );

  function without(gone: Measured<Row>) {
    return fitInto(
      measured.filter((entry) => entry !== gone),
      limit,
    );
  }
}

/** Last resort on a very narrow terminal: narrows the widest column, again and again. */
function squeeze<Row>(measured: readonly Measured<Row>[], limit: number): readonly Measured<Row>[] {
  const excess = totalOf(measured) - limit;
  const widest = measured.reduce((a, b) => (b.width > a.width ? b : a));
  if (excess <= 0 || widest.width <= MIN_WIDTH) return measured;
  const narrower = { ...widest, width: widest.width - 1 };
  return squeeze(
    measured.map((entry) => (entry === widest ? narrower : entry)),
    limit,
  );
}

function mostOptional<Row>(measured: readonly Measured<Row>[]): Measured<Row> | undefined {
  const optional = measured.filter(({ column }) => column.optional !== undefined);
  return optional.sort((a, b) => (b.column.optional ?? 0) - (a.column.optional ?? 0))[0];
}

function totalOf<Row>(measured: readonly Measured<Row>[]): number {
  return measured.reduce((sum, { width }) => sum + width, SPACE.length * (measured.length - 1));
}

function paddedTitle<Row>({ title, align }: Column<Row>, width: number): string {
  return pad(shorten(title, width), width, align);
}

function formatRow<Row>(
  measured: readonly Measured<Row>[],
  row: Row,
  index: number,
  terminal: Terminal,
): string {
  const last = measured.length - 1;
  const cells = measured.map(({ column, cells, width }, position) => {
    const text = shorten(cells[index] ?? '', width);
    const isLeftEnd = position === last && column.align !== 'right';
    const padding = ' '.repeat(isLeftEnd ? 0 : Math.max(0, width - widthOf(text)));
    const painted = paint(text, column.colour?.(row), terminal);
    return column.align === 'right' ? padding + painted : painted + padding;
  });
  return cells.join(SPACE).trimEnd();
}

/** Names and values, aligned; long values are wrapped. Every line ends in a newline. */
export function formatFacts(facts: readonly (readonly [name: string, text: string])[], terminal: Terminal) {
  const width = Math.max(...facts.map(([name]) => name.length));
  const room = terminal.columns && terminal.columns - width - SPACE.length;
  const lines = facts.flatMap(([name, text]) =>
    wrap(cleanText(text), room).map((line, index) => {
      const label = pad(index === 0 ? name : '', width);
      return `${paint(label, 'dim', terminal)}${SPACE}${line}`;
    }),
  );
  return `${lines.join('\n')}\n`;
}
