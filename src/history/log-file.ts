import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { systemErrorCode } from '../base/errors.js';

/** A text file that is appended to; at its size limit it is renamed to `.1`, replacing the previous one. */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #onRenamed: () => void;

  constructor(path: string, maxBytes: number, onRenamed: () => void) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#onRenamed = onRenamed;
  }

  /** Appends all of the lines or, as far as the disk allows, none. Rejects with the system's error. */
  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    const size = await sizeOf(this.#path);
    if (size > 0 && size + bytes.length > this.#maxBytes) {
      await rename(this.#path, `${this.#path}.1`);
      this.#onRenamed();
    }
    const file = await open(this.#path, 'a');
    await appendTo(file, bytes).finally(() => file.close());
  }
}

/** Read each time: other programs may remove the file. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** Removes a line that a full disk has truncated: it would spoil the next one too. */
async function appendTo(file: FileHandle, bytes: Buffer): Promise<void> {
  const { size } = await file.stat();
  try {
    await file.writeFile(bytes);
  } catch (error) {
    await file.truncate(size).catch(() => {});
    throw error;
  }
}
