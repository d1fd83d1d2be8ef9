/**
 * JSON whose large integers keep their digits: a double, and so `JSON.parse`, holds whole numbers up to 2^53 - 1 only.
 * An integer beyond that is text here. Numbers with a fraction or an exponent are the nearest double.
 */

/** A text in quotation marks, which is left as it is, or a number. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LARGE_INTEGER = /^-?\d{16,}$/;
const MAY_HAVE_LARGE = /\d{16}/;

/** In front of the digits of a large integer between parsing and writing; in JSON a text has it as an escape only. */
const MARK = '\u0000integer:';
const DIGITS = /^-?\d+$/;
const MARKED_IN_JSON = /"\\u0000integer:(-?\d+)"/g;

/** As `JSON.parse`, but large integers are marked: `digitsOf` and `writeExact` read them. Throws as it does. */
export function parseExact(text: string): unknown {
  return JSON.parse(MAY_HAVE_LARGE.test(text) ? text.replace(TEXT_OR_NUMBER, markLarge) : text);
}

/** The digits of a large integer, as they were sent; undefined for anything else. */
export function digitsOf(parsed: unknown): string | undefined {
  if (typeof parsed !== 'string' || !parsed.startsWith(MARK)) return undefined;
  const digits = parsed.slice(MARK.length);
  return DIGITS.test(digits) ? digits : undefined;
}

/** JSON of what `parseExact` gave, with every digit. */
export function writeExact(parsed: unknown): string {
  return JSON.stringify(parsed).replace(MARKED_IN_JSON, '$1');
}

function markLarge(token: string): string {
  if (!LARGE_INTEGER.test(token) || Number.isSafeInteger(Number(token))) return token;
  return JSON.stringify(MARK + token);
}
