import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'src');

/** A compiled module of src. */
export function load(file) {
  return import(join(SOURCE, file));
}
