import { cleanText } from '../clean-text.js';
import { type Colour, paint, type Terminal } from './terminal.js';
import { pad, shorten, widthOf } from './text-width.js';

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly colour?: (row: Row) => Colour | undefined;
  readonly align?: 'left' | 'right';
  /** May be shortened where the terminal is too narrow. */
  readonly isFlexible?: boolean;
  /** Left out where the terminal is too narrow; the highest number first. */
  readonly optional?: number;
}

const SPACE = '  ';
/** A shortened column tells nothing with less. */
const LEAST_FLEXIBLE_WIDTH = 12;

interface Measured<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

/** Rows under titles in aligned columns that fit the terminal; every line ends in a newline. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminal: Terminal,
): string {
  const measured = fit(
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
  const width = cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(column.title));
  return { column, cells, width };
}

/** Leaves out optional columns, then shortens the flexible one. */
function fit<Row>(measured: readonly Measured<Row>[], limit: number | undefined): readonly Measured<Row>[] {
  if (limit === undefined || totalOf(measured) <= limit) return measured;
  const excess = totalOf(measured) - limit;
  const flexible = measured.find(({ column }) => column.isFlexible);
  const spare = flexible ? flexible.width - LEAST_FLEXIBLE_WIDTH : 0;
  const victim = mostOptional(measured);
  if (victim && (excess > spare || isCheaper(victim, excess))) {
    return fit(
      measured.filter((entry) => entry !== victim),
      limit,
    );
  }
  if (!flexible) return measured;
  const width = Math.max(LEAST_FLEXIBLE_WIDTH, flexible.width - excess);
  return measured.map((entry) => (entry === flexible ? { ...entry, width } : entry));
}

/** To lose a column of second rank is better than to cut what the table is about. */
function isCheaper<Row>({ width }: Measured<Row>, excess: number): boolean {
  return excess <= width + SPACE.length;
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
  const cells = measured.map(({ column, cells, width }, place) => {
    const text = shorten(cells[index] ?? '', width);
    const isLeftEnd = place === last && column.align !== 'right';
    const room = ' '.repeat(isLeftEnd ? 0 : Math.max(0, width - widthOf(text)));
    const painted = paint(text, column.colour?.(row), terminal);
    return column.align === 'right' ? room + painted : painted + room;
  });
  return cells.join(SPACE).trimEnd();
}

/** Names and what belongs to them, one a line, aligned; every line ends in a newline. */
export function formatFacts(facts: readonly (readonly [name: string, text: string])[], terminal: Terminal) {
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, text]) => {
    const room = terminal.columns === undefined ? undefined : terminal.columns - width - SPACE.length;
    const value = cleanText(text);
    return `${paint(pad(name, width), 'dim', terminal)}${SPACE}${room ? shorten(value, room) : value}`;
  });
  return `${lines.join('\n')}\n`;
}
