/** How a user gets access to a device or a socket. */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

/** Replaced in tests. */
export interface PermissionOptions {
  /** Text of /etc/group. */
  readonly groups?: string;
  readonly user?: string;
}

/** For a path that this user has no access to: `… sudo usermod -aG dialout pia …`. */
export function permissionAdvice(path: string, options: PermissionOptions = {}): string {
  const { groups = readGroups(), user = userName() } = options;
  const found = groupOf(path);
  if (!found) return `ask the owner of ${dirname(path)} for access`;
  const { gid, mode, at } = found;
  const group = groupLines(groups).find((line) => line.gid === gid);
  const name = group?.name ?? String(gid);
  if ((mode & 0o060) !== 0o060 && (mode & 0o050) !== 0o050) {
    return `the group ${name} has no access to ${at}: run this as its owner, or with sudo`;
  }
  if (group?.members.includes(user)) {
    return `${user} has joined the group ${name} since this login: log out and in again`;
  }
  return `${at} requires the group ${name}: sudo usermod -aG ${name} ${user}, then log out and in again`;
}

interface Found {
  readonly gid: number;
  readonly mode: number;
  readonly at: string;
}

/** The path, or its directory if that denies access. */
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

/** The user id if it has no name, as in many containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
