import type { Clock } from '../clock.js';
import { openPty, type Pty } from './pty.js';
import type { VirtualUart } from './virtual-uart.js';

/**
 * Puts a virtual root on a pseudo-terminal, for a gateway in another process, and switches it on.
 * Rejects as `openPty` does.
 */
export async function serveOnPty(
  uart: VirtualUart,
  path: string,
  onExit: (detail: string) => void,
  clock?: Clock,
): Promise<Pty> {
  const pty = await openPty(path, { onBytes: (chunk) => uart.receive(chunk), onExit }, clock);
  uart.connect((chunk) => pty.write(chunk));
  uart.start();
  return pty;
}
