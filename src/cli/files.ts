/** Files that the command line was told to read or write; `-` is standard input or output. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { errorText, MeshgateError, systemErrorCode } from '../base/errors.js';

/** What `-` stands for where a file is asked for. */
const STANDARD = '-';
/** As much as the system gives of a file at once. */
const MAX_INPUT_BYTES = 2 ** 31 - 1;

/** True where what is written goes to standard output. */
export function isStandardOutput(file: string | undefined): file is undefined | '-' {
  return file === undefined || file === STANDARD;
}

/** How messages name a file that is read. */
export function inputName(file: string): string {
  return file === STANDARD ? 'standard input' : file;
}

/** All that is in a file, or comes by standard input. Rejects with `NO_PERMISSION`, `FILE_FAILED` or `BAD_USAGE`. */
export async function readInput(file: string): Promise<Buffer> {
  return file === STANDARD ? readStandardInput() : naming(file, () => readFileSync(file));
}

async function readStandardInput(): Promise<Buffer> {
  if (process.stdin.isTTY) {
    throw new MeshgateError(
      'BAD_USAGE',
      '- is standard input, which is a terminal here',
      'give a file, or send one in: … -  <FILE',
    );
  }
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of process.stdin as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > MAX_INPUT_BYTES) throw new Error('more than 2 GiB');
      pieces.push(piece);
    }
  } catch (error) {
    throw fileError(inputName(STANDARD), error);
  }
  return Buffer.concat(pieces);
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
