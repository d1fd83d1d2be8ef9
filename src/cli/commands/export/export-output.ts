/** Output of an export: standard output, or a file that is renamed into place when complete. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { fileError, isStandardOutput } from '../../files.js';
import { printInStep } from '../../output.js';

export interface ExportOutput {
  /** The file as the user named it; undefined for standard output. */
  readonly name: string | undefined;
  /** Not a terminal: messages on one do not mix with it. */
  readonly isApart: boolean;
  /** Resolves when there is room for more. Rejects with a `MeshgateError`, or when the signal aborts. */
  write(text: string): Promise<void>;
  /** Everything was written. */
  finish(): Promise<void>;
  /** Removes an unfinished file; does nothing after `finish`. */
  abandon(): Promise<void>;
}

/** `file`: undefined or `-` is standard output. Rejects with a `MeshgateError`. */
export async function openOutput(file: string | undefined, signal: AbortSignal): Promise<ExportOutput> {
  if (isStandardOutput(file)) return standardOutput(signal);
  return naming(file, async () => {
    const path = await realpath(file).catch(() => file);
    const existing = await stat(path).catch(() => undefined);
    if (existing && !existing.isFile()) return device(file, await open(path, 'w'));
    const temporary = `${path}.${randomBytes(4).toString('hex')}.part`;
    const handle = await open(temporary, 'wx', existing?.mode);
    // The umask may have cleared bits that the existing file has.
    if (existing) await handle.chmod(existing.mode & 0o777);
    return newFile(file, path, temporary, handle);
  });
}

function standardOutput(signal: AbortSignal): ExportOutput {
  return {
    name: undefined,
    isApart: !process.stdout.isTTY,
    write: (text) => printInStep(text, signal),
    finish: async () => {},
    abandon: async () => {},
  };
}

/** A pipe or a device is written in place. */
function device(file: string, handle: FileHandle): ExportOutput {
  return {
    name: file,
    isApart: false,
    write: (text) => naming(file, () => handle.writeFile(text)),
    finish: async () => {},
    abandon: () => handle.close(),
  };
}

function newFile(file: string, path: string, temporary: string, handle: FileHandle): ExportOutput {
  let isFinished = false;
  return {
    name: file,
    isApart: true,
    write: (text) => naming(file, () => handle.writeFile(text)),
    finish: () =>
      naming(file, async () => {
        await handle.sync();
        await handle.close();
        await rename(temporary, path);
        isFinished = true;
      }),
    abandon: async () => {
      if (isFinished) return;
      await handle.close().catch(() => {});
      await rm(temporary, { force: true });
    },
  };
}

/** Adds the name of the file to errors of the system. */
async function naming<Result>(file: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw fileError(file, error);
  }
}
