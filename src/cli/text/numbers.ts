import { MeshgateError } from '../../base/errors.js';

/** Parses seconds to ms; `undefined` stays undefined. Throws `BAD_USAGE`. */
export function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Math.round(Number(text) * 1000);
  if (/^\d+(\.\d+)?$/.test(text) && ms > 0) return ms;
  throw new MeshgateError(
    'BAD_USAGE',
    `"${text}" is not a valid number of seconds`,
    'use a number above 0, such as 5 or 0.5',
  );
}

/** `812 B`, `14 kB`, `1.2 MB`. */
export function formatBytesAmount(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Parses a whole number of at least `min`. Throws `BAD_USAGE` naming `what` it is. */
export function parseWhole(text: string, min: number, what: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= min) return number;
  throw new MeshgateError(
    'BAD_USAGE',
    `"${text}" is not a valid ${what}`,
    `use a whole number, ${min} or more`,
  );
}
