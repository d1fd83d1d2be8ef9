import { MeshgateError } from '../../base/errors.js';

const HEX = /^([0-9a-f]{2})+$/i;

/** The bytes of `4501`, `0x4501`, `45 01` or `45:01`, as plain hex. Throws `BAD_USAGE`. */
export function parseHex(text: string): string {
  const digits = text.replace(/^0x/i, '').replace(/[\s:]/g, '');
  if (HEX.test(digits)) return digits.toLowerCase();
  throw new MeshgateError(
    'BAD_USAGE',
    `"${text}" are no bytes in hex`,
    'give two digits for each byte, for example 450a0b',
  );
}

const PRINTABLE = /^[\x20-\x7e]+$/;

/** Bytes for people: hex, and the text that they are where they are one. */
export function formatBytes(hex: string): string {
  if (hex === '') return '(empty)';
  const text = Buffer.from(hex, 'hex').toString('latin1');
  return PRINTABLE.test(text) ? `${hex} "${text}"` : hex;
}
