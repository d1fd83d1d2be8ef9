import { closeSync, openSync } from 'node:fs';

/**
 * SIGHUP has two meanings. If the terminal was closed, the gateway stops as for Ctrl-C; if there never was one, or it
 * still exists, the gateway reloads its settings.
 */
export function onHangUp(reload: () => void): void {
  const hadTerminal = hasTerminal();
  process.on('SIGHUP', () => {
    if (hadTerminal && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else reload();
  });
}

/** The controlling terminal can be opened as long as it exists. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
