/** Formatting for the report: Markdown, which is readable in a terminal too. */

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function whole(count: number): string {
  return count.toLocaleString('en-US');
}

export function milliseconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function inWords(counts: Readonly<Record<string, number>> | undefined): string {
  const nonZero = Object.entries(counts ?? {}).filter(([, count]) => count > 0);
  return nonZero.length === 0 ? 'none' : nonZero.map(([name, count]) => `${name} ${whole(count)}`).join(', ');
}
