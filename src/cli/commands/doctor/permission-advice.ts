/** Who may use a file of the system, and what a person who may not should do. */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

/** What tests replace. */
export interface PermissionOptions {
  /** Text of /etc/group. */
  readonly groups?: string;
  readonly user?: string;
}

/** `sudo usermod -aG dialout pia`, with what else must be known; for a path that this user may not use. */
export function permissionAdvice(path: string, options: PermissionOptions = {}): string {
  const { groups = readGroups(), user = userName() } = options;
  const found = groupOf(path);
  if (!found) return `ask who owns ${dirname(path)} for access to it`;
  const { gid, mode, at } = found;
  const group = groupLines(groups).find((line) => line.gid === gid);
  const name = group?.name ?? String(gid);
  if ((mode & 0o060) !== 0o060 && (mode & 0o050) !== 0o050) {
    return `${at} is closed to its group ${name}: run this as its owner, or with sudo`;
  }
  if (group?.members.includes(user)) {
    return `${user} is in the group ${name}, but this login is older than that: log out and in again`;
  }
  return `${at} is for the group ${name}: sudo usermod -aG ${name} ${user}, then log out and in again`;
}

interface Found {
  readonly gid: number;
  readonly mode: number;
  readonly at: string;
}

/** The path, or the directory that keeps this user from it. */
function groupOf(path: string): Found | undefined {
  for (const at of [path, dirname(path)]) {
    try {
      const { gid, mode } = statSync(at);
      return { gid, mode, at };
    } catch {}
  }
  return undefined;
}

function groupLines(text: string): { name: string; gid: number; members: string[] }[] {
  return text.split('\n').flatMap((line) => {
    const [name, , gid, members = ''] = line.split(':');
    return name && gid ? [{ name, gid: Number(gid), members: members.split(',') }] : [];
  });
}

function readGroups(): string {
  try {
    return readFileSync('/etc/group', 'utf8');
  } catch {
    return '';
  }
}

/** A user id without a name, as in many containers, stands for itself. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
