/** Files that people write: settings, tables, passwords. The one place that knows what an editor adds to a text. */
import { readFileSync } from 'node:fs';

const BYTE_ORDER_MARK = /^\uFEFF/;

/** Text in UTF-8, without a byte order mark. Throws as the system does, and where the file is in UTF-16. */
export function readTextFile(file: string): string {
  return textOf(readFileSync(file));
}

/** The same for bytes that have been read. Throws where they are UTF-16. */
export function textOf(bytes: Buffer): string {
  const first = bytes.toString('hex', 0, 2);
  if (first === 'fffe' || first === 'feff') throw new Error('this text is in UTF-16; save it as UTF-8');
  return bytes.toString('utf8').replace(BYTE_ORDER_MARK, '');
}

/** The first line of a file that holds one secret, without the end of the line. Throws as `readTextFile`. */
export function readSecretFile(file: string): string {
  return readTextFile(file).split(/\r?\n/, 1)[0] ?? '';
}
