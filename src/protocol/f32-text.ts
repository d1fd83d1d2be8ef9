/** Decimal digits that every f32 has, and how many tell any two of them apart. */
const SURE_DIGITS = 6;
const MOST_DIGITS = 9;

/** Below it an f32 has fewer bits, and so fewer digits. */
const SMALLEST_NORMAL = 2 ** -126;

/**
 * The number with the fewest decimal digits that is the same f32: 0.1 for the bytes whose exact value is
 * 0.100000001490116…, which no sensor meant.
 */
export function shortestF32(value: number): number {
  const first = Math.abs(value) < SMALLEST_NORMAL ? 1 : SURE_DIGITS;
  for (let digits = first; digits < MOST_DIGITS; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number.isFinite(value) ? Number(value.toPrecision(MOST_DIGITS)) : value;
}
