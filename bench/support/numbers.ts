/** `part`: 0.5 for the median, 0.99 for what one in a hundred exceeds. NaN of nothing. */
export function share(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return share(values, 0.5);
}

/** Runs subject and floor by turns, so that what else the machine does meets both; gives the median of each. */
export async function byTurns(
  rounds: number,
  subject: () => number | Promise<number>,
  floor: () => number | Promise<number>,
): Promise<{ readonly figure: number; readonly floor: number }> {
  const figures: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    floors.push(await floor());
    figures.push(await subject());
  }
  return { figure: median(figures), floor: median(floors) };
}
