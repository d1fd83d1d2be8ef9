/**
 * Messages of the xos protocol on the wire.
 *
 *     protocol 1:  text (at most 199) | NUL …                      200 bytes in all
 *     protocol 2:  size of text (12) | space | size of binary (12) | space or NUL | text with NUL | binary
 *
 * Sizes are decimal, right-aligned or left-aligned. What follows the first NUL of a text is garbage.
 */
import { MAX_FIXED_TEXT } from './text.js';

export type Protocol = 1 | 2;

export const FIXED_SIZE = 200;
export const HEADER_SIZE = 26;
const NUMBER_SIZE = 12;
/** Limits of the gateway: DCSS has none. */
export const MAX_TEXT_SIZE = 65_536;
export const MAX_BINARY_SIZE = 1_048_576;

export interface Header {
  readonly textSize: number;
  readonly binarySize: number;
}

/** The two sizes; undefined if the bytes are not a header. */
export function parseHeader(bytes: Buffer): Header | undefined {
  const [text = '', binary = '', ...more] = textBefore(bytes).split(/\s+/);
  if (more.length > 0 || !isSize(text) || !isSize(binary)) return undefined;
  return { textSize: Number(text), binarySize: Number(binary) };
}

function isSize(digits: string): boolean {
  return /^\d{1,12}$/.test(digits);
}

/** The text before the first NUL, without the spaces and line ends around it. */
export function textBefore(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end).trim();
}

/** Throws a `RangeError` for a text that is longer than the protocol permits: see `roomFor`. */
export function encodeMessage(text: string, protocol: Protocol): Buffer {
  return protocol === 1 ? encodeFixed(text) : encodeSized(text);
}

/** Characters that a message can have. */
export function roomFor(protocol: Protocol): number {
  return protocol === 1 ? MAX_FIXED_TEXT : MAX_TEXT_SIZE - 1;
}

/** A message of 200 bytes: every message of protocol 1, and the first one in each direction. */
export function encodeFixed(text: string): Buffer {
  if (text.length > MAX_FIXED_TEXT)
    throw new RangeError(`${text.length} characters do not fit into 200 bytes`);
  const bytes = Buffer.alloc(FIXED_SIZE);
  bytes.write(text, 'latin1');
  return bytes;
}

function encodeSized(text: string): Buffer {
  const size = text.length + 1;
  if (size > MAX_TEXT_SIZE) throw new RangeError(`${text.length} characters are too many for a message`);
  const header = `${String(size).padStart(NUMBER_SIZE)} ${'0'.padStart(NUMBER_SIZE)} `;
  return Buffer.from(`${header}${text}\0`, 'latin1');
}
