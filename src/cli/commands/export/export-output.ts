/** Where an export goes: standard output, or a file that gets its name when it is whole. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { fileError, isStandardOutput } from '../../files.js';
import { printInStep } from '../../output.js';

export interface ExportOutput {
  /** What a person calls it; undefined: standard output. */
  readonly name: string | undefined;
  /** It is no terminal: what is told on one does not mix with it. */
  readonly isApart: boolean;
  /** Resolves when there is room for more. Rejects with a `MeshgateError`, or when the signal aborts. */
  write(text: string): Promise<void>;
  /** All was written. */
  finish(): Promise<void>;
  /** Takes away what is not finished; does nothing after `finish`. */
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
    // The umask has taken bits away that the file had.
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

/** A pipe or a device has no other name in the meantime. */
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

/** Runs it; what the system refuses is told with the file's name. */
async function naming<Result>(file: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw fileError(file, error);
  }
}
