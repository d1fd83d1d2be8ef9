/** Files that the command line was told to read or write. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { errorText, MeshgateError, systemErrorCode } from '../errors.js';

/** All that is in a file. Throws `NO_PERMISSION` or `FILE_FAILED`. */
export function readBytes(file: string): Buffer {
  return naming(file, () => readFileSync(file));
}

/** A file that begins empty. Its methods throw `NO_PERMISSION` or `FILE_FAILED`. */
export class OutputFile {
  readonly #file: string;
  readonly #descriptor: number;

  constructor(file: string) {
    this.#file = file;
    this.#descriptor = naming(file, () => openSync(file, 'w'));
  }

  write(bytes: Uint8Array): void {
    naming(this.#file, () => {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#descriptor, bytes, written);
      }
    });
  }

  close(): void {
    naming(this.#file, () => closeSync(this.#descriptor));
  }
}

function naming<Result>(file: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw fileError(file, error);
  }
}

/** What the system said about a file, as a person is told it: `NO_PERMISSION` or `FILE_FAILED`. */
export function fileError(file: string, error: unknown): MeshgateError {
  const code = systemErrorCode(error);
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  return new MeshgateError(
    isForbidden ? 'NO_PERMISSION' : 'FILE_FAILED',
    `${file}: ${errorText(error)}`,
    undefined,
    { cause: error },
  );
}
