import { MeshgateError } from '../../base/errors.js';

const HEX = /^([0-9a-f]{2})+$/i;

/** Parses `4501`, `0x4501`, `45 01` or `45:01` to plain hex. Throws `BAD_USAGE`. */
export function parseHex(text: string): string {
  const digits = text.replace(/^0x/i, '').replace(/[\s:]/g, '');
  if (HEX.test(digits)) return digits.toLowerCase();
  throw new MeshgateError(
    'BAD_USAGE',
    `"${text}" is not valid hex`,
    'use two digits for each byte, such as 450a0b',
  );
}

const PRINTABLE = /^[\x20-\x7e]+$/;

/** Bytes for people: hex, and the text if they are printable. */
export function formatBytes(hex: string): string {
  if (hex === '') return '(empty)';
  const text = Buffer.from(hex, 'hex').toString('latin1');
  return PRINTABLE.test(text) ? `${hex} "${text}"` : hex;
}
