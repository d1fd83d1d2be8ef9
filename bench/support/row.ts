/** One line of a benchmark's table. Machines differ and are noisy: the ratio to the floor is what can be compared. */
export interface Row {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  /** The same for the smallest program that could do it, measured in the same minute and in the same unit. */
  readonly floor?: number;
  readonly target?: Target;
}

/** What is to be reached: by the figure itself, or by its ratio to the floor. */
export interface Target {
  readonly of: 'figure' | 'ratio';
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** How long a benchmark may take: `short` for every change, some seconds; `full` for figures that are written down. */
export type Scale = 'full' | 'short';

export function ratioOf({ figure, floor }: Row): number | undefined {
  return floor === undefined || floor === 0 ? undefined : figure / floor;
}

/** `slack`: 1 = the target itself; 2 = twice as bad will do. Undefined where nothing is to be reached. */
export function reaches(row: Row, slack = 1): boolean | undefined {
  const { target } = row;
  const value = target?.of === 'ratio' ? ratioOf(row) : row.figure;
  if (!target || value === undefined) return undefined;
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = target;
  return value >= atLeast / slack && value <= atMost * slack;
}

/** A row as `console.table` shows it. */
export function asText(row: Row): object {
  const { what, figure, unit, floor } = row;
  const ratio = ratioOf(row);
  const isReached = reaches(row);
  return {
    what,
    figure: `${rounded(figure)} ${unit}`,
    floor: floor === undefined ? '' : rounded(floor),
    ratio: ratio === undefined ? '' : ratio.toFixed(2),
    'to reach': targetText(row),
    reached: isReached === undefined ? '' : isReached ? 'yes' : 'NO',
  };
}

function targetText({ target, unit }: Row): string {
  if (!target) return '';
  const { of, atLeast, atMost } = target;
  const limit = atLeast === undefined ? `at most ${rounded(atMost ?? 0)}` : `at least ${rounded(atLeast)}`;
  return of === 'ratio' ? `ratio ${limit}` : `${limit} ${unit}`;
}

/** Three digits are more than a noisy machine gives. */
function rounded(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}
