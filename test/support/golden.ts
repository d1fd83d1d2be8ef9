import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { safeJson } from '../../src/cli/output.js';
import type { View } from '../../src/cli/text/terminal.js';

/** The moment at which golden output is produced: 2026-05-01 14:05:09 UTC. */
export const NOW = Date.UTC(2026, 4, 1, 14, 5, 9);

/** Kinds of output; anything not listed is for a pipe. */
const TERMINALS = {
  'terminal, 80 columns, colours': { isTTY: true, columns: 80, colour: true },
  'terminal, 60 columns, NO_COLOR': { isTTY: true, columns: 60, colour: false },
  'terminal, 140 columns, NO_COLOR': { isTTY: true, columns: 140, colour: false },
  pipe: { isTTY: false, columns: undefined, colour: false },
} as const;

/**
 * Compares what a command prints, in every kind of terminal and as JSON, with test/cli/golden/NAME.txt; the escape
 * character is written there as `␛`. With UPDATE_GOLDEN=1 the file is written instead.
 */
export function matchesGolden(
  t: ExecutionContext,
  name: string,
  format: (view: View) => string,
  result?: unknown,
): void {
  const sections = Object.entries(TERMINALS).map(([title, terminal]) => {
    const text = format({ terminal, now: NOW });
    if (terminal.columns) assertFits(t, text, terminal.columns);
    return `=== ${title}\n${text}`;
  });
  if (result !== undefined) sections.push(`=== --json\n${safeJson(result, 2)}\n`);
  const text = sections.join('').replaceAll('\x1b', '␛');
  const path = join(packageRoot, 'test', 'cli', 'golden', `${name}.txt`);
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, text);
  t.is(text, readFileSync(path, 'utf8'));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what this removes
const COLOURS = /\x1b\[\d+m/g;

function assertFits(t: ExecutionContext, text: string, columns: number): void {
  for (const line of text.replace(COLOURS, '').split('\n')) t.true(line.length <= columns, line);
}
