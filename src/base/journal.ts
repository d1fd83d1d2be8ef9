/** The journal of systemd: it takes the priority of a line from a prefix, as sd-daemon(3) has it. */
import { fstatSync } from 'node:fs';

export type Level = 'info' | 'warn' | 'error';

/** As syslog counts: err, warning, info. */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6 };

/** What is written to `fd` goes to the journal: systemd names the device and inode of what it has connected. */
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

/** `<3>` in front of each line: the journal stores them one by one. */
export function withPriority(text: string, level: Level): string {
  return text.replace(/^/gm, `<${PRIORITIES[level]}>`);
}
