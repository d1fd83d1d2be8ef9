/** Files named on the command line; `-` is standard input or output. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { MeshgateError, systemErrorCode } from '../base/errors.js';
import { systemErrorText } from './text/system-error.js';

/** Standard input or output, where a file is expected. */
const STANDARD = '-';
/** The most that Linux reads from a file at once. */
const MAX_INPUT_BYTES = 2 ** 31 - 1;

/** True if output goes to standard output. */
export function isStandardOutput(file: string | undefined): file is undefined | '-' {
  return file === undefined || file === STANDARD;
}

/** Name of an input file in messages. */
export function inputName(file: string): string {
  return file === STANDARD ? 'standard input' : file;
}

/** The contents of a file or of standard input. Rejects with `NO_PERMISSION`, `FILE_FAILED` or `BAD_USAGE`. */
export async function readInput(file: string): Promise<Buffer> {
  return file === STANDARD ? readStandardInput() : naming(file, () => readFileSync(file));
}

async function readStandardInput(): Promise<Buffer> {
  if (process.stdin.isTTY) {
    throw new MeshgateError(
      'BAD_USAGE',
      'standard input is a terminal',
      'name a file, or redirect one: … - <FILE',
    );
  }
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of process.stdin as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > MAX_INPUT_BYTES) throw new Error('larger than 2 GiB');
      pieces.push(piece);
    }
  } catch (error) {
    throw fileError(inputName(STANDARD), error);
  }
  return Buffer.concat(pieces);
}

/** A file, truncated when opened. Its methods throw `NO_PERMISSION` or `FILE_FAILED`. */
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

/** An error of the system about a file: `NO_PERMISSION` or `FILE_FAILED`. */
export function fileError(file: string, error: unknown): MeshgateError {
  const code = systemErrorCode(error);
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  return new MeshgateError(
    isForbidden ? 'NO_PERMISSION' : 'FILE_FAILED',
    `${file}: ${systemErrorText(error)}`,
    undefined,
    { cause: error },
  );
}
