/**
 * The umask belongs to the whole process: whatever another thread creates while it is changed gets other permissions
 * too. So it is changed only where it must be, and never takes a permission from the owner.
 */
import { readFileSync } from 'node:fs';

const WRITE_BY_OTHERS = 0o022;
const ALL_OF_OTHERS = 0o077;

/** What `create` creates can be written to by its owner only; with most umasks that needs no change. */
export function withoutOthers(create: () => void): void {
  if ((currentUmask() & WRITE_BY_OTHERS) === WRITE_BY_OTHERS) {
    create();
    return;
  }
  const umask = process.umask(ALL_OF_OTHERS);
  try {
    create();
  } finally {
    process.umask(umask);
  }
}

/** `process.umask()` would set it to 0 for a moment. 0 where the system does not show it. */
function currentUmask(): number {
  try {
    const [, umask = '0'] = /^Umask:\s+(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number.parseInt(umask, 8);
  } catch {
    return 0;
  }
}
