/** Words and tables of the report: Markdown, which a terminal shows well enough. */

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
  const told = Object.entries(counts ?? {}).filter(([, count]) => count > 0);
  return told.length === 0 ? 'none' : told.map(([name, count]) => `${name} ${whole(count)}`).join(', ');
}
