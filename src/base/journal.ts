/** The systemd journal: it reads the priority of a line from a prefix, see sd-daemon(3). */
import { fstatSync } from 'node:fs';

export type Level = 'info' | 'warn' | 'error';

/** Syslog priorities: err, warning, info. */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6 };

/** True if `fd` is connected to the journal: systemd sets a variable to the device and inode of that stream. */
export function goesToJournal(env: NodeJS.ProcessEnv, fd: number): boolean {
  const { JOURNAL_STREAM } = env;
  if (!JOURNAL_STREAM) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return JOURNAL_STREAM === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Puts the priority, such as `<3>`, in front of each line: the journal stores lines separately. */
export function withPriority(text: string, level: Level): string {
  return text.replace(/^/gm, `<${PRIORITIES[level]}>`);
}
