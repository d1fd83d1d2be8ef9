import { closeSync, openSync } from 'node:fs';

/**
 * SIGHUP means two things: the terminal has gone, which ends the gateway as Ctrl-C does; and, for one that runs without
 * a terminal or still has it, `reload`.
 */
export function onHangUp(reload: () => void): void {
  const hadTerminal = hasTerminal();
  process.on('SIGHUP', () => {
    if (hadTerminal && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else reload();
  });
}

/** The terminal that this process belongs to can be opened for as long as it is there. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
