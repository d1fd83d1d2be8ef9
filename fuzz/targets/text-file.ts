import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, MeshgateError } from '../../src/base/errors.js';

/** A file that is rewritten for each input, and deleted when the process ends. */
export class TextFile {
  readonly path: string;

  constructor(name: string) {
    const folder = mkdtempSync(join(tmpdir(), 'mg-fuzz-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    this.path = join(folder, name);
  }

  write(bytes: Buffer): void {
    writeFileSync(this.path, bytes);
  }
}

/** `accepted`, or the reason for the refusal; errors without this code are rethrown. */
export function outcomeOf(code: ErrorCode, read: () => unknown): string {
  try {
    read();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof MeshgateError) || error.code !== code) throw error;
    return error.message
      .replace(/\S*\/mg-fuzz-\S+: /, '')
      .replace(/^\S+(:| =)/, '')
      .replace(/[\d"'].*/s, '')
      .slice(0, 100);
  }
}
