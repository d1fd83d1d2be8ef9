/**
 * JSON with exact large integers. `JSON.parse` uses doubles, which hold whole numbers only up to 2^53 - 1; here larger
 * ones become text. Numbers with a fraction or an exponent become the nearest double.
 */

/** A string, which is left unchanged, or a number. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LARGE_INTEGER = /^-?\d{16,}$/;
const MAY_HAVE_LARGE = /\d{16}/;

/** Prefix of the digits of a large integer after parsing; in JSON text it can appear only in its escaped form. */
const MARK = '\u0000integer:';
const DIGITS = /^-?\d+$/;
const MARKED_IN_JSON = /"\\u0000integer:(-?\d+)"/g;

/** Like `JSON.parse`, but marks large integers for `digitsOf` and `writeExact`. */
export function parseExact(text: string): unknown {
  return JSON.parse(MAY_HAVE_LARGE.test(text) ? text.replace(TEXT_OR_NUMBER, markLarge) : text);
}

/** The digits of a large integer as they were sent; undefined for any other value. */
export function digitsOf(parsed: unknown): string | undefined {
  if (typeof parsed !== 'string' || !parsed.startsWith(MARK)) return undefined;
  const digits = parsed.slice(MARK.length);
  return DIGITS.test(digits) ? digits : undefined;
}

/** JSON of a value from `parseExact`, with all digits. */
export function writeExact(parsed: unknown): string {
  return JSON.stringify(parsed).replace(MARKED_IN_JSON, '$1');
}

function markLarge(token: string): string {
  if (!LARGE_INTEGER.test(token) || Number.isSafeInteger(Number(token))) return token;
  return JSON.stringify(MARK + token);
}
