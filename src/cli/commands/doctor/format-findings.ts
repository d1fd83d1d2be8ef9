/** Findings as text, for doctor and health. */
import { cleanText } from '../../../base/clean-text.js';
import { type Colour, paint, type View } from '../../text/terminal.js';
import { pad } from '../../text/text-width.js';
import { wrap } from '../../text/wrap.js';
import type { Finding, Verdict } from './findings.js';

const MARKS: Readonly<Record<Verdict, readonly [mark: string, colour: Colour]>> = {
  fine: ['ok', 'green'],
  warning: ['WARNING', 'yellow'],
  problem: ['PROBLEM', 'red'],
  skipped: ['-', 'dim'],
};

const MARK_WIDTH = 9;
const CHECK_WIDTH = 17;

/** A line for each finding, with advice below it; then a summary. */
export function formatFindings(findings: readonly Finding[], view: View): string {
  const lines = findings.flatMap((finding) => formatFinding(finding, view));
  return `${[...lines, '', sumUp(findings)].join('\n')}\n`;
}

/** `2 problems and 1 warning found.` */
function sumUp(findings: readonly Finding[]): string {
  const counts = (['problem', 'warning'] as const).flatMap((verdict) => {
    const count = findings.filter((finding) => finding.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict}${count === 1 ? '' : 's'}`];
  });
  return counts.length === 0 ? 'No problems found.' : `${counts.join(' and ')} found.`;
}

function formatFinding({ check, verdict, text, advice }: Finding, { terminal }: View): string[] {
  const [mark, colour] = MARKS[verdict];
  const head = paint(pad(mark, MARK_WIDTH), colour, terminal) + pad(check, CHECK_WIDTH);
  const indent = ' '.repeat(MARK_WIDTH + CHECK_WIDTH);
  const width = terminal.columns && terminal.columns - indent.length;
  const texts = [...wrap(cleanText(text), width), ...(advice ? wrap(`→ ${cleanText(advice)}`, width) : [])];
  return texts.map((line, index) => (index === 0 ? head : indent) + line);
}
