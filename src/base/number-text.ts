/** Decimal places in output for people: of a degree of latitude, a tenth of a metre. JSON has all digits. */
const DECIMALS = 6;
/** Significant digits of numbers with an exponent. */
const DIGITS = 6;
const SMALLEST_PLAIN = 1e-4;
const LARGEST_PLAIN = 1e12;

/** Formats a measurement for people: 44.57483, not 44.57483241887681; 1.2e-7, not 0. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  const isPlain = size >= SMALLEST_PLAIN && size < LARGEST_PLAIN;
  return String(Number(isPlain ? value.toFixed(DECIMALS) : value.toPrecision(DIGITS)));
}

/** Decimal places in the output of `formatNumber`; 0 if it has an exponent. */
export function decimalsOf(value: number): number {
  return /^-?\d+\.(\d+)$/.exec(formatNumber(value))?.[1]?.length ?? 0;
}

/** Like `formatNumber`, padded with zeros to this many decimal places, so that the points of a column line up. */
export function alignNumber(value: number, decimals: number): string {
  const text = formatNumber(value);
  return text.includes('e') || decimalsOf(value) >= decimals ? text : value.toFixed(decimals);
}
