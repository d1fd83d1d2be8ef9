import { execFile } from 'node:child_process';
import createDebug from 'debug';

const log = createDebug('meshgate:uart');

/** stty takes a few milliseconds. */
const TIMEOUT_MS = 1000;

/**
 * Makes the system keep DTR and RTS when the port is closed: otherwise the next opening raises them again, which resets
 * many ESP32 boards. serialport can't clear this flag, so stty does, if installed.
 */
export function clearHangUpOnClose(path: string): void {
  const fileFlag = process.platform === 'linux' ? '-F' : '-f';
  execFile('stty', [fileFlag, path, '-hupcl'], { timeout: TIMEOUT_MS }, (error) => {
    if (error) log('%s: cannot clear HUPCL, so closing will drop DTR and RTS: %s', path, error.message);
  });
}
