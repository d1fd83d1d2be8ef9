import { execFile } from 'node:child_process';
import createDebug from 'debug';

const log = createDebug('meshgate:uart');

/** stty answers in some milliseconds. */
const TIMEOUT_MS = 1000;

/**
 * Tells the system not to drop DTR and RTS when the port is closed: the next opening would raise them again, and
 * that resets many ESP32 boards. serialport can't clear this flag, so stty does, where there is one.
 */
export function clearHangUpOnClose(path: string): void {
  const fileFlag = process.platform === 'linux' ? '-F' : '-f';
  execFile('stty', [fileFlag, path, '-hupcl'], { timeout: TIMEOUT_MS }, (error) => {
    if (error) log('%s: the lines will be dropped when it is closed: %s', path, error.message);
  });
}
