import { MeshgateError } from '../../base/errors.js';

/** ms of a number of seconds as it was typed; `undefined` stays. Throws `BAD_USAGE`. */
export function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Math.round(Number(text) * 1000);
  if (/^\d+(\.\d+)?$/.test(text) && ms > 0) return ms;
  throw new MeshgateError('BAD_USAGE', `"${text}" is no number of seconds`);
}

/** `812 B`, `14 kB`, `1.2 MB`. */
export function formatBytesAmount(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A whole number as it was typed, from `min` on. Throws `BAD_USAGE` that says what it was for. */
export function parseWhole(text: string, min: number, what: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= min) return number;
  throw new MeshgateError('BAD_USAGE', `"${text}" is no ${what}: a whole number from ${min} is`);
}
