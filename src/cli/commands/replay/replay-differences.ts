/** Differences between two lists of events, for people. */
import { cleanText } from '../../../base/clean-text.js';
import type { MeshEvent } from '../../../client/index.js';
import type { ComparedEvent, Difference } from '../../../replay/compare-events.js';
import { safeJson } from '../../output.js';
import { formatEvent } from '../../text/event-line.js';
import { paint, type View } from '../../text/terminal.js';

/** Events shown before a difference. */
const CONTEXT = 2;
/** Maximum shown of a run of missing or extra events. */
const SHOWN_EVENTS = 5;

/** Every line ends in a newline. */
export function formatDifferences(
  differences: readonly Difference[],
  expected: readonly ComparedEvent[],
  got: readonly ComparedEvent[],
  view: View,
): string {
  if (differences.length === 0) return `${got.length} events, all as expected\n`;
  const parts = differences.map((difference) => formatDifference(difference, expected, view));
  const counts = `expected ${expected.length} events, got ${got.length}; first differences:`;
  return `${[counts, ...parts].join('\n\n')}\n`;
}

function formatDifference(difference: Difference, expected: readonly ComparedEvent[], view: View): string {
  const before = expected.slice(Math.max(0, difference.at - CONTEXT), difference.at);
  return [
    titleOf(difference),
    ...before.map((event) => `    ${lineOf(event, view)}`),
    ...linesOf(difference, view),
  ].join('\n');
}

function titleOf(difference: Difference): string {
  const position = `event ${difference.at + 1}`;
  if (difference.kind === 'changed') return `${position} differs:`;
  const { length } = difference.events;
  const events = length === 1 ? '1 event' : `${length} events`;
  return difference.kind === 'missing'
    ? `${events} missing, starting at ${position}:`
    : `${events} not expected before ${position}:`;
}

function linesOf(difference: Difference, view: View): string[] {
  if (difference.kind === 'changed') {
    const fields = difference.fields.flatMap(({ field, expected, got }) => [
      `      ${cleanText(field)}`,
      paint(`        - ${cleanText(expected ?? 'absent')}`, 'red', view.terminal),
      paint(`        + ${cleanText(got ?? 'absent')}`, 'green', view.terminal),
    ]);
    return [`  * ${lineOf(difference.expected, view)}`, ...fields];
  }
  const [mark, colour] = difference.kind === 'missing' ? (['-', 'red'] as const) : (['+', 'green'] as const);
  const shown = difference.events.slice(0, SHOWN_EVENTS);
  const rest = difference.events.length - shown.length;
  const lines = shown.map((event) => paint(`  ${mark} ${lineOf(event, view)}`, colour, view.terminal));
  return rest > 0 ? [...lines, `    and ${rest} more`] : lines;
}

/** As `watch` prints it; an event that this version does not know as JSON. */
function lineOf(event: ComparedEvent, view: View): string {
  const terminal = { ...view.terminal, columns: undefined, colour: false };
  try {
    const known = event as MeshEvent;
    return `${event.seq}  ${formatEvent({ event: known, values: [] }, { terminal, now: known.at })}`;
  } catch {
    return safeJson(event);
  }
}
