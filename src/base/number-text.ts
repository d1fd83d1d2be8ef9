/** Digits behind the point that people are shown: of a degree of latitude, a tenth of a metre. JSON has every digit. */
const DECIMALS = 6;
/** Digits in all, of a number that is too small or too large to be written without an exponent. */
const DIGITS = 6;
const SMALLEST_PLAIN = 1e-4;
const LARGEST_PLAIN = 1e12;

/** A measured number for people: 44.57483, not 44.57483241887681; 1.2e-7, not 0. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  const isPlain = size >= SMALLEST_PLAIN && size < LARGEST_PLAIN;
  return String(Number(isPlain ? value.toFixed(DECIMALS) : value.toPrecision(DIGITS)));
}

/** Digits behind the point, as `formatNumber` writes it; 0 where it has an exponent. */
export function decimalsOf(value: number): number {
  return /^-?\d+\.(\d+)$/.exec(formatNumber(value))?.[1]?.length ?? 0;
}

/** As `formatNumber`, filled up with zeros to this many digits behind the point: the points of a column line up. */
export function alignNumber(value: number, decimals: number): string {
  const text = formatNumber(value);
  return text.includes('e') || decimalsOf(value) >= decimals ? text : value.toFixed(decimals);
}
