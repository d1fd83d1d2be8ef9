/** Processes that have a file open. */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

export interface Holder {
  readonly pid: number;
  /** The program's name. */
  readonly name: string;
}

export interface Holders {
  readonly found: readonly Holder[];
  /** Processes of other users, which could not be checked. */
  readonly hidden: number;
}

/** Searches /proc. `procRoot`: replaced in tests. */
export function findHolders(path: string, procRoot = '/proc'): Holders {
  const target = realPathOf(path);
  const found: Holder[] = [];
  let hidden = 0;
  for (const pid of listNames(procRoot)?.filter((name) => /^\d+$/.test(name)) ?? []) {
    const files = listNames(join(procRoot, pid, 'fd'));
    if (!files) hidden++;
    else if (files.some((file) => linkOf(join(procRoot, pid, 'fd', file)) === target)) {
      found.push({ pid: Number(pid), name: nameOf(join(procRoot, pid)) });
    }
  }
  return { found, hidden };
}

function listNames(directory: string): string[] | undefined {
  try {
    return readdirSync(directory);
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function nameOf(directory: string): string {
  try {
    return readFileSync(join(directory, 'comm'), 'utf8').trim();
  } catch {
    return 'a program that has exited';
  }
}
