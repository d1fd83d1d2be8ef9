/** The seed corpus: fuzz/corpus/<target>/, one input per file. `found-…`: inputs that made the gateway fail. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/base/package-root.js';

const CORPUS = join(packageRoot, 'fuzz', 'corpus');

export interface Seed {
  readonly name: string;
  readonly bytes: Buffer;
}

export function readCorpus(target: string): Seed[] {
  const folder = join(CORPUS, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

/** Adds an input that made the gateway fail to the corpus, which the tests run. Returns the file. */
export function keepFound(target: string, input: Buffer): string {
  const folder = join(CORPUS, target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `found-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`);
  writeFileSync(file, input);
  return file;
}
