/** Text files written by people: settings, tables, passwords. Handles encodings and byte order marks of editors. */
import { readFileSync } from 'node:fs';

const BYTE_ORDER_MARK = /^\uFEFF/;

/** Text in UTF-8, without a byte order mark. Throws the system's error, or an error for UTF-16. */
export function readTextFile(file: string): string {
  return textOf(readFileSync(file));
}

/** The same for bytes. Throws an error for UTF-16. */
export function textOf(bytes: Buffer): string {
  const first = bytes.toString('hex', 0, 2);
  if (first === 'fffe' || first === 'feff')
    throw new Error('the file is encoded in UTF-16; save it as UTF-8');
  return bytes.toString('utf8').replace(BYTE_ORDER_MARK, '');
}

/** The first line of a file with one secret, without the line end. Throws like `readTextFile`. */
export function readSecretFile(file: string): string {
  return readTextFile(file).split(/\r?\n/, 1)[0] ?? '';
}
