/** Significant decimal digits that every f32 can hold, and that identify every f32. */
const MIN_DIGITS = 6;
const MAX_DIGITS = 9;

/** Below this an f32 has fewer bits, and so fewer digits. */
const SMALLEST_NORMAL = 2 ** -126;

/**
 * The number with the fewest decimal digits that has the same f32 representation: 0.1 for the exact value
 * 0.100000001490116…
 */
export function shortestF32(value: number): number {
  const first = Math.abs(value) < SMALLEST_NORMAL ? 1 : MIN_DIGITS;
  for (let digits = first; digits < MAX_DIGITS; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number.isFinite(value) ? Number(value.toPrecision(MAX_DIGITS)) : value;
}
